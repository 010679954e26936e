package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Peers that never close, more of them than may be closing at once. */
@RealSockets
class ClosingLimitIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";

    /** Waits for nothing but the peer, for longer than any test. */
    static final GracefulCloseConfig PATIENT = GracefulCloseConfig.builder()
            .quietPeriod(Duration.ofSeconds(100))
            .stallTimeout(Duration.ofSeconds(100))
            .eofTimeout(Duration.ofSeconds(100))
            .deliveredTimeout(Duration.ofSeconds(100))
            .closeTimeout(Duration.ofSeconds(100))
            .build();

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void maxClosing_peersNeverClose_theOldestOfAllLoopsAreEvicted(Transports transport) throws Exception {
        int limit = 10;
        int all = 30;
        try (ManagedServer server = ManagedServer.on(transport)
                .config(PATIENT)
                .policy(Drained.SHORT)
                .manager(b -> b.maxClosing(limit))
                .loops(2)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(1000)))
                .start()) {
            List<PeerRun> peers = new ArrayList<>();
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < all; i++) {
                PeerRun peer = server.connect();
                peers.add(peer);
                channels.add(server.accepted());
                peer.request();
                peer.readAll(); // our FIN has been sent: the close has begun
                assertTrue(peer.result().isWhole(1000), () -> peer.result().toString());
                long expected = Math.max(0, i + 1 - limit);
                Eventually.await("the oldest evicted", () -> server.reports.size() == expected);
            }
            assertEquals(limit, server.manager.closingConnections());
            for (CloseReport report : server.reports) {
                assertEquals(CloseCause.EVICTED, report.cause());
            }
            for (int i = 0; i < all; i++) {
                // the two loops begin at almost the same moment
                boolean mayBeEither = i >= all - limit - 1 && i <= all - limit;
                assertTrue(mayBeEither || channels.get(i).isOpen() == (i >= all - limit), "number " + i);
            }
            DrainReport report = Drained.await(server.manager.drain());
            assertEquals(limit, report.forced(), report::toString);
            for (PeerRun peer : peers) {
                peer.close();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Transports.class,
            names = {"NIO", "EPOLL"})
    void maxClosing_theOldestIsOnASlowLoop_holdsForTheOthersToo(Transports transport) throws Exception {
        int limit = 5;
        CountDownLatch unblock = new CountDownLatch(1);
        CountDownLatch blocked = new CountDownLatch(1);
        try (ManagedServer server = ManagedServer.on(transport)
                .config(PATIENT)
                .policy(Drained.SHORT)
                .manager(b -> b.maxClosing(limit))
                .loops(2)
                .start()) {
            List<PeerRun> peers = server.connectMany(0);
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                peers.add(server.connect());
                channels.add(server.accepted());
            }
            server.awaitOpen(40);
            EventLoop slow = channels.get(0).eventLoop();
            assertNotSame(slow, channels.get(1).eventLoop());
            channels.get(0).close();
            Eventually.await("the oldest", () -> server.manager.closingConnections() == 1);
            slow.execute(() -> {
                blocked.countDown();
                awaitUninterruptibly(unblock);
            });
            assertTrue(blocked.await(30, TimeUnit.SECONDS));
            for (Channel channel : channels) {
                if (channel.eventLoop() != slow) {
                    channel.eventLoop().submit(() -> channel.close()).sync();
                }
            }
            unblock.countDown();
            Eventually.await("within the limit", () -> server.manager.closingConnections() <= limit);
            Drained.await(server.manager.drain());
            for (PeerRun peer : peers) {
                peer.close();
            }
        } finally {
            unblock.countDown();
        }
    }

    /** The drain has ten times as many to close as the limit allows at once: it waits, and ends those that only wait. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drain_manyPeersNeverClose_evictsAndEndsInTime(Transports transport) throws Exception {
        int limit = 50;
        int all = 500;
        AtomicBoolean over = new AtomicBoolean();
        AtomicLong most = new AtomicLong();
        try (ManagedServer server = ManagedServer.on(transport)
                .config(PATIENT)
                .policy(Drained.SHORT)
                .manager(b -> b.maxClosing(limit))
                .loops(2)
                .start()) {
            List<PeerRun> peers = server.connectMany(all);
            Thread watch = new Thread(() -> {
                while (!over.get()) {
                    long closing = server.manager.closingConnections();
                    if (server.manager.phase().compareTo(DrainPhase.FORCING) < 0) { // which begins closes to end them
                        most.accumulateAndGet(closing, Math::max);
                    }
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
                }
            });
            watch.start();
            CompletableFuture<DrainReport> drain = server.manager.drain();
            DrainReport report = Drained.await(drain);
            over.set(true);
            watch.join();
            System.out.println(transport + ": most closing at once " + most + ", limit " + limit + ", " + report);
            assertEquals(all, report.openAtStart());
            assertEquals(0, report.unfinished());
            long evicted = server.reports.stream()
                    .filter(r -> r.cause() == CloseCause.EVICTED)
                    .count();
            assertEquals(all, evicted + report.forced(), report::toString);
            assertTrue(evicted >= limit, report::toString);
            assertTrue(most.get() <= limit + 2, () -> most + " closing at once");
            for (PeerRun peer : peers) {
                peer.close();
            }
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
