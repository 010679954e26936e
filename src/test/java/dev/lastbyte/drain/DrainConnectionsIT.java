package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.TransportKind;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.Listening;
import dev.lastbyte.testing.LogRecorder;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a drain knows of connections that do not simply come and go. */
@RealSockets
class DrainConnectionsIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void twoManagers_oneEventLoop_eachDrainsItsOwn(Transports transport) throws Exception {
        GracefulCloseManager other =
                GracefulCloseManager.builder().drainPolicy(Drained.POLICY).build();
        try (ManagedServer server = ManagedServer.on(transport).start()) {
            Channel listener = server.listen(other, null);
            other.manage(listener);
            try (PeerRun mine = server.connect();
                    PeerRun others = server.connectTo(listener.localAddress(), 0)) {
                server.awaitOpen(1);
                CompletableFuture<DrainReport> drain = server.manager.drain();
                mine.readAll();
                mine.socket().close();
                assertEquals(1, Drained.await(drain).openAtStart());

                assertTrue(listener.isOpen());
                assertEquals(DrainPhase.READY, other.phase());
                try (PeerRun next = server.connectTo(listener.localAddress(), 0)) {
                    Eventually.await("both known", () -> other.openConnections() == 2);
                    CompletableFuture<DrainReport> second = other.drain();
                    others.readAll();
                    others.socket().close();
                    next.readAll();
                    next.socket().close();
                    assertEquals(2, Drained.await(second).openAtStart());
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void clients_managed_areDrained(Transports transport) throws Exception {
        GracefulCloseManager clients =
                GracefulCloseManager.builder().drainPolicy(Drained.POLICY).build();
        try (ManagedServer server = ManagedServer.on(transport).start()) {
            Channel one = connectClient(server, clients, channel -> {});
            Channel two = connectClient(server, clients, channel -> {});
            awaitKnown(clients, 2);
            server.awaitOpen(2);
            DrainReport report = Drained.await(clients.drain());
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            assertEquals(2, report.openAtStart());
            assertFalse(one.isOpen() || two.isOpen());
            server.awaitOpen(0);
        }
    }

    /** A client's initializer runs before the connection is active. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void client_markedLongLivedByItsInitializer_isGivenItsOwnPeriod(Transports transport) throws Exception {
        GracefulCloseManager clients =
                GracefulCloseManager.builder().drainPolicy(Drained.POLICY).build();
        try (ManagedServer server = ManagedServer.on(transport).start()) {
            connectClient(server, clients, GracefulCloseHandler::longLived);
            awaitKnown(clients, 1);
            DrainReport report = Drained.await(clients.drain());
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            assertTrue(
                    report.totalTime().compareTo(Drained.POLICY.longLivedPeriod()) >= 0,
                    () -> "closed as idle: " + report);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void lateConnections_onLoopsNeverSeen_areToldAndClosed_withOneWarning(Transports transport) throws Exception {
        NoWarnings.expect("still accepts connections during the drain");
        LogRecorder warnings = new LogRecorder("dev.lastbyte", Level.WARN);
        AtomicInteger told = new AtomicInteger();
        try (ManagedServer server = ManagedServer.on(transport)
                .loops(4)
                .handlers(c -> c.pipeline().addLast(onDrain(ctx -> told.incrementAndGet())))
                .start()) {
            Channel unmanaged = server.listen(server.manager, null);
            warnings.start();
            try (PeerRun busy = server.connect()) {
                Channel first = server.accepted();
                server.awaitOpen(1);
                GracefulCloseHandler.exchangeStarted(first);
                CompletableFuture<DrainReport> drain = server.manager.drain();
                Eventually.await("finishing", () -> server.manager.phase() == DrainPhase.FINISHING);
                Set<EventLoop> loops = new HashSet<>();
                List<PeerRun> late = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    late.add(server.connectTo(unmanaged.localAddress(), 0));
                    loops.add(server.accepted().eventLoop());
                }
                assertEquals(3, loops.size());
                for (PeerRun peer : late) {
                    peer.readAll();
                    assertTrue(peer.isEof());
                    peer.close();
                }
                assertTrue(first.isActive());
                GracefulCloseHandler.exchangeEnded(first);
                busy.readAll();
                busy.socket().close();
                DrainReport report = Drained.await(drain);
                assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
                assertEquals(1, report.openAtStart());
                assertEquals(3, report.late());
                assertEquals(4, told.get());
                List<String> lines = warnings.stop();
                assertEquals(1, lines.size(), lines::toString);
            }
        } finally {
            warnings.stop();
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void connection_afterTheDrain_isClosedToo(Transports transport) throws Exception {
        NoWarnings.expect("still accepts connections during the drain");
        try (ManagedServer server = ManagedServer.on(transport).loops(2).start()) {
            Channel unmanaged = server.listen(server.manager, null);
            assertEquals(
                    DrainReport.Outcome.COMPLETE,
                    Drained.await(server.manager.drain()).outcome());
            try (PeerRun peer = server.connectTo(unmanaged.localAddress(), 0)) {
                peer.readAll();
                assertTrue(peer.isEof());
            }
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void handler_removedFromAnOpenConnection_isNotCountedAnyMore(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport).start();
                PeerRun peer = server.connect()) {
            Channel channel = server.accepted();
            server.awaitOpen(1);
            channel.pipeline().remove(GracefulCloseHandler.class);
            server.awaitOpen(0);
            DrainReport report = Drained.await(server.manager.drain());
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome());
            assertEquals(0, report.openAtStart());
            assertTrue(channel.isActive());
            channel.close().sync();
            peer.readAll();
        }
    }

    /** Between the end of the socket and the news of it. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void handler_removedWhenTheChannelIsClosed_isNotCountedAnyMore(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport).start();
                PeerRun peer = server.connect()) {
            Channel channel = server.accepted();
            server.awaitOpen(1);
            channel.closeFuture().addListener(f -> channel.pipeline().remove(GracefulCloseHandler.class));
            channel.eventLoop().submit(() -> channel.unsafe().close(channel.voidPromise()));
            peer.readAll();
            server.awaitOpen(0);
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void starttls_handlerMovesToTheFront_theConnectionStaysKnown(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport).start();
                PeerRun peer = server.connect()) {
            Channel channel = server.accepted();
            server.awaitOpen(1);
            channel.pipeline().addFirst(TestTls.server().newHandler(channel.alloc()));
            CompletableFuture<DrainReport> drain = server.manager.drain();
            peer.readAll();
            peer.socket().close();
            DrainReport report = Drained.await(drain);
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            assertEquals(1, report.openAtStart());
            assertEquals(1, Drained.closed(report));
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void channel_movedBeforeTheDrain_isDrained(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport).loops(2).start();
                PeerRun peer = server.connect()) {
            Channel channel = server.accepted();
            server.awaitOpen(1);
            move(server, channel);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            peer.readAll();
            peer.socket().close();
            DrainReport report = Drained.await(drain);
            assertEquals(Drained.outcomeOfSilence(transport), report.outcome(), report::toString);
            assertEquals(1, report.openAtStart());
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void channel_movedDuringTheDrain_isDrained(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport).loops(2).start();
                PeerRun peer = server.connect()) {
            Channel channel = server.accepted();
            server.awaitOpen(1);
            GracefulCloseHandler.exchangeStarted(channel);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            Eventually.await("finishing", () -> server.manager.phase() == DrainPhase.FINISHING);
            move(server, channel);
            GracefulCloseHandler.exchangeEnded(channel);
            peer.readAll();
            peer.socket().close();
            DrainReport report = Drained.await(drain);
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
        }
    }

    /** Silent for long when the event loop comes round to it, with a request that nobody has read. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void request_thatArrivesWhileTheLoopIsBlocked_isAnswered(Transports transport) throws Exception {
        DrainPolicy policy = Drained.POLICY.toBuilder()
                .announceDelay(Duration.ofMillis(400))
                .idleAfter(Duration.ofMillis(100))
                .drainTimeout(Duration.ofSeconds(20))
                .build();
        CountDownLatch release = new CountDownLatch(1);
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(policy)
                        .handlers(channel -> channel.pipeline().addLast(new AnswersEverything()))
                        .start();
                PeerRun client = server.connect()) {
            try {
                Channel channel = server.accepted();
                server.awaitOpen(1);
                CompletableFuture<DrainReport> drain = server.manager.drain();
                if (!TransportKind.of(channel).hasTcpOptions()) {
                    Eventually.await(
                            "silence is watched", () -> channel.pipeline().get(Silence.Watch.class) != null);
                }
                channel.eventLoop().execute(() -> awaitQuietly(release));
                client.request();
                Eventually.await("shedding", () -> server.manager.phase() == DrainPhase.SHEDDING);
                release.countDown();
                client.readAll();
                client.socket().close();
                DrainReport report = Drained.await(drain, policy.drainTimeout());
                assertEquals(1, client.bytes(), report::toString);
            } finally {
                release.countDown();
            }
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(40, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class AnswersEverything extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte(0));
        }
    }

    private static void move(ManagedServer server, Channel channel) throws Exception {
        EventLoop from = channel.eventLoop();
        assertTrue(channel.deregister().await(30, TimeUnit.SECONDS));
        EventLoop to = from;
        for (EventExecutor loop : server.group) {
            to = loop == from ? to : (EventLoop) loop;
        }
        assertTrue(to.register(channel).sync().isSuccess());
        assertSame(to, channel.eventLoop());
        assertNotSame(from, channel.eventLoop());
    }

    private static Channel connectClient(ManagedServer server, GracefulCloseManager clients, Consumer<Channel> more)
            throws InterruptedException {
        return new Bootstrap()
                .group(server.group)
                .channel(server.transport.clientChannel())
                .option(ChannelOption.ALLOCATOR, server.allocator())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addFirst(clients.newHandler());
                        more.accept(channel);
                    }
                })
                .connect(server.address())
                .sync()
                .channel();
    }

    /** A connect is done before its pipeline hears that the channel is active. */
    private static void awaitKnown(GracefulCloseManager clients, int count) {
        Eventually.await(count + " clients known", () -> clients.openConnections() == count);
    }

    private static Listening onDrain(Consumer<ChannelHandlerContext> action) {
        return new Listening() {
            @Override
            public void drain(ChannelHandlerContext ctx, Drain drain) {
                action.accept(ctx);
            }
        };
    }
}
