package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.tcp.PacedAnswer;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.LogRecorder;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Drains and event loops: blocked ones, those that are shut down, and other threads that talk to them. */
@RealSockets
class DrainLoopsIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void loop_blockedByAHandler_holdsUpOnlyItsOwn_andTheseEndWhenItComesBack(Transports transport) throws Exception {
        CountDownLatch unblock = new CountDownLatch(1);
        CountDownLatch blocked = new CountDownLatch(1);
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(Drained.SHORT)
                        .loops(2)
                        .start();
                PeerRun one = server.connect();
                PeerRun two = server.connect()) {
            try {
                Channel stuck = server.accepted();
                Channel other = server.accepted();
                assertNotSame(stuck.eventLoop(), other.eventLoop());
                server.awaitOpen(2);
                stuck.eventLoop().execute(() -> {
                    blocked.countDown();
                    awaitUninterruptibly(unblock);
                });
                assertTrue(blocked.await(30, TimeUnit.SECONDS));
                DrainReport report = Drained.await(server.manager.drain());
                assertEquals(DrainReport.Outcome.UNFINISHED, report.outcome(), report::toString);
                assertEquals(1, report.unfinished(), report::toString);
                assertEquals(1, Drained.closed(report), report::toString);
                assertTrue(report.totalTime().toMillis() >= 1800, report::toString);
                assertTrue(report.totalTime().toMillis() < 2900, report::toString);
                assertTrue(other.closeFuture().await(30, TimeUnit.SECONDS));
                unblock.countDown();
                assertTrue(stuck.closeFuture().await(10, TimeUnit.SECONDS), "it outlives the drain");
                one.readAll();
                two.readAll();
            } finally {
                unblock.countDown();
            }
        }
    }

    /** Neither does what comes and goes on the other loops count as progress. */
    @ParameterizedTest
    @EnumSource(
            value = Transports.class,
            names = {"NIO", "EPOLL"})
    void loop_blocked_clientsGoOnComingAndGoing_theDrainEndsAllTheSame(Transports transport) throws Exception {
        NoWarnings.expect("still accepts connections during the drain");
        CountDownLatch unblock = new CountDownLatch(1);
        AtomicBoolean over = new AtomicBoolean();
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(Drained.SHORT)
                        .loops(2)
                        .start();
                PeerRun peer = server.connect()) {
            try {
                Channel stuck = server.accepted();
                server.awaitOpen(1);
                Channel unmanaged = server.listen(server.manager, null);
                if (unmanaged.eventLoop() == stuck.eventLoop()) {
                    unmanaged = server.listen(server.manager, null);
                }
                assertNotSame(stuck.eventLoop(), unmanaged.eventLoop());
                SocketAddress address = unmanaged.localAddress();
                CountDownLatch blocked = new CountDownLatch(1);
                stuck.eventLoop().execute(() -> {
                    blocked.countDown();
                    awaitUninterruptibly(unblock);
                });
                assertTrue(blocked.await(30, TimeUnit.SECONDS));
                Thread clients = new Thread(() -> comeAndGo(over, server, address));
                clients.start();
                DrainReport report = Drained.await(server.manager.drain(), Drained.SHORT.drainTimeout());
                over.set(true);
                clients.join();
                assertEquals(DrainReport.Outcome.UNFINISHED, report.outcome(), report::toString);
                assertTrue(report.late() > 0, report::toString);
                unblock.countDown();
                assertTrue(stuck.closeFuture().await(10, TimeUnit.SECONDS));
                peer.readAll();
            } finally {
                over.set(true);
                unblock.countDown();
            }
        }
    }

    private static void comeAndGo(AtomicBoolean over, ManagedServer server, SocketAddress address) {
        while (!over.get()) {
            try (PeerRun client = server.connectTo(address, 0)) {
                client.pause(5);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drainAndShutdown_completesWhenTheLoopsHaveEnded(Transports transport) throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        try (ManagedServer server = ManagedServer.on(transport)
                        .loops(2)
                        .handlers(c -> c.pipeline().addLast(new PacedAnswer(1 << 20, 10, begun)))
                        .start();
                PeerRun peer = server.connect()) {
            peer.request();
            assertTrue(begun.await(30, TimeUnit.SECONDS));
            CompletableFuture<DrainReport> drain = server.manager.drainAndShutdown(server.group);
            peer.readAll();
            peer.socket().close();
            assertTrue(peer.result().isWhole(1 << 20), () -> peer.result().toString());
            assertEquals(DrainReport.Outcome.COMPLETE, Drained.await(drain).outcome());
            assertTrue(server.group.isTerminated());
        }
    }

    /** Not on io_uring: its loop ends with operations in the ring, and then closes no channel at all. */
    @ParameterizedTest
    @EnumSource(
            value = Transports.class,
            names = {"NIO", "EPOLL", "EPOLL_UNIX"})
    void shutdownGracefully_connectionsAreClosing_isReported_andOneWarningSaysWhatToCall(Transports transport)
            throws Exception {
        NoWarnings.expect("GracefulCloseManager\\.drainAndShutdown");
        LogRecorder warnings = new LogRecorder("dev.lastbyte", Level.WARN);
        try (ManagedServer server = ManagedServer.on(transport)
                .config(ClosingLimitIT.PATIENT)
                .loops(2)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(1000)))
                .start()) {
            List<PeerRun> peers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                PeerRun peer = server.connect();
                peers.add(peer);
                peer.request();
                peer.readAll(); // our FIN has been sent
            }
            warnings.start();
            server.group.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS);
            assertTrue(server.group.terminationFuture().await(30, TimeUnit.SECONDS));
            List<String> lines = warnings.stop();
            assertEquals(1, lines.size(), lines::toString);
            assertEquals(4, server.reports.size());
            for (CloseReport report : server.reports) {
                assertEquals(CloseCause.EVENT_LOOP_SHUTDOWN, report.cause());
            }
            assertEquals(0, server.manager.openConnections());
            assertEquals(0, server.manager.closingConnections());
            assertEquals(
                    DrainReport.Outcome.COMPLETE,
                    Drained.await(server.manager.drain()).outcome());
            for (PeerRun peer : peers) {
                peer.close();
            }
        }
    }

    /** Not on io_uring, for the same reason. */
    @ParameterizedTest
    @EnumSource(
            value = Transports.class,
            names = {"NIO", "EPOLL", "EPOLL_UNIX"})
    void shutdownGracefully_exchangesAreOpen_isNotComplete(Transports transport) throws Exception {
        int connections = 6;
        int bytes = 30 << 20;
        try (ManagedServer server = ManagedServer.on(transport)
                .policy(Drained.PATIENT)
                .loops(2)
                .handlers(c -> c.pipeline().addLast(new BigAnswer(bytes)))
                .start()) {
            List<PeerRun> peers = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                PeerRun peer = server.connect(4096);
                peers.add(peer);
                peer.request();
                assertTrue(peer.read(1) > 0);
            }
            CompletableFuture<DrainReport> drain = server.manager.drain();
            Eventually.await("finishing", () -> server.manager.phase() == DrainPhase.FINISHING);
            server.group.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS);
            DrainReport report = Drained.await(drain, Drained.PATIENT.drainTimeout());
            assertEquals(DrainReport.Outcome.INTERRUPTED, report.outcome(), report::toString);
            assertEquals(connections, report.interrupted(), report::toString);
            for (PeerRun peer : peers) {
                peer.readAll();
                assertTrue(peer.bytes() < bytes);
                peer.close();
            }
        }
    }

    /** Answers with many bytes, as an exchange that nobody ends. */
    private static final class BigAnswer extends ChannelInboundHandlerAdapter {
        private final int bytes;

        BigAnswer(int bytes) {
            this.bytes = bytes;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            GracefulCloseHandler.exchangeStarted(ctx.channel());
            ctx.writeAndFlush(ctx.alloc().buffer(bytes).writeZero(bytes));
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void exchanges_toldByOtherThreads_keepTheirConnectionsUntilTheLastHasEnded(Transports transport) throws Exception {
        int connections = 8;
        DrainPolicy policy = Drained.POLICY.toBuilder()
                .gracePeriod(Duration.ofSeconds(20))
                .longLivedPeriod(Duration.ofSeconds(20))
                .drainTimeout(Duration.ofSeconds(30))
                .build();
        try (ManagedServer server =
                ManagedServer.on(transport).loops(2).policy(policy).start()) {
            List<PeerRun> peers = new ArrayList<>();
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                peers.add(server.connect());
                channels.add(server.accepted());
            }
            server.awaitOpen(connections);
            channels.forEach(GracefulCloseHandler::exchangeStarted);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                SplittableRandom random = new SplittableRandom(i);
                Thread thread = new Thread(() -> exchangeAtRandom(channels, random));
                threads.add(thread);
                thread.start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(connections, server.manager.openConnections(), "each has an exchange open");
            channels.forEach(GracefulCloseHandler::exchangeEnded);
            for (PeerRun peer : peers) {
                peer.readAll();
                peer.close();
            }
            DrainReport report = Drained.await(drain, policy.drainTimeout());
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            assertEquals(connections, report.openAtStart());
            assertTrue(report.totalTime().toMillis() < 10_000, report::toString);
        }
    }

    private static void exchangeAtRandom(List<Channel> channels, SplittableRandom random) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(400);
        while (System.nanoTime() - end < 0) {
            Channel channel = channels.get(random.nextInt(channels.size()));
            GracefulCloseHandler.exchangeStarted(channel);
            LockSupport.parkNanos(random.nextLong(200_000));
            GracefulCloseHandler.exchangeEnded(channel);
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
