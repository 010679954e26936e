package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.Listening;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who may call what, and what a user's code may do while a drain runs. */
@RealSockets
class DrainCallsIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";

    // ---- close() ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_onAnEventLoopOfAConnection_isRefused(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport).start();
                PeerRun peer = server.connect()) {
            Channel channel = server.accepted();
            server.awaitOpen(1);
            channel.eventLoop()
                    .submit(() -> assertThrows(IllegalStateException.class, server.manager::close))
                    .get(30, TimeUnit.SECONDS);
            assertEquals(DrainPhase.READY, server.manager.phase());
            channel.close();
            peer.readAll();
        }
    }

    @Test
    void close_onTheEventLoopOfAListener_isRefused() throws Exception {
        try (ManagedServer server = ManagedServer.on(Transports.NIO).start()) {
            server.listener()
                    .eventLoop()
                    .submit(() -> assertThrows(IllegalStateException.class, server.manager::close))
                    .get(30, TimeUnit.SECONDS);
            assertEquals(DrainPhase.READY, server.manager.phase());
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_onAPlainThread_returnsWhenDrained(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport).start();
                PeerRun peer = server.connect()) {
            server.accepted();
            server.awaitOpen(1);
            server.manager.close();
            assertEquals(DrainPhase.DRAINED, server.manager.phase());
            assertEquals(0, server.manager.openConnections());
            peer.readAll();
            assertTrue(peer.isEof());
        }
    }

    @Test
    void close_interrupted_returnsAtOnce_andTheDrainGoesOn() throws Exception {
        try (ManagedServer server = ManagedServer.on(Transports.NIO).start();
                PeerRun peer = server.connect()) {
            Channel channel = server.accepted();
            server.awaitOpen(1);
            GracefulCloseHandler.exchangeStarted(channel);
            Thread.currentThread().interrupt();
            server.manager.close();
            assertTrue(Thread.interrupted());
            assertEquals(1, server.manager.openConnections());
            GracefulCloseHandler.exchangeEnded(channel);
            peer.readAll();
            peer.socket().close();
            assertEquals(
                    DrainReport.Outcome.COMPLETE,
                    Drained.await(server.manager.drain()).outcome());
        }
    }

    // ---- DrainListener ---------------------------------------------------------------------------------------------

    @Test
    void drainListener_hearsEveryPhaseInOrder() throws Exception {
        List<DrainPhase> phases = new CopyOnWriteArrayList<>();
        CountDownLatch drained = new CountDownLatch(1);
        DrainListener listener = new DrainListener() {
            @Override
            public void onPhase(DrainPhase phase) {
                phases.add(phase);
                if (phase == DrainPhase.DRAINED) {
                    drained.countDown();
                }
            }
        };
        try (ManagedServer server = ManagedServer.on(Transports.NIO)
                        .manager(b -> b.drainListener(listener))
                        .start();
                PeerRun peer = server.connect()) {
            server.accepted();
            server.awaitOpen(1);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            peer.readAll();
            peer.socket().close();
            Drained.await(drain);
            assertTrue(drained.await(30, TimeUnit.SECONDS));
            assertEquals(
                    List.of(
                            DrainPhase.ANNOUNCING,
                            DrainPhase.STOP_ACCEPTING,
                            DrainPhase.SHEDDING,
                            DrainPhase.FINISHING,
                            DrainPhase.DRAINED),
                    phases);
        }
    }

    @Test
    void drainListener_throws_changesNothing() throws Exception {
        NoWarnings.expect("the drainListener threw");
        DrainListener listener = new DrainListener() {
            @Override
            public void onPhase(DrainPhase phase) {
                throw new IllegalStateException("on purpose");
            }

            @Override
            public void onProgress(DrainProgress progress) {
                throw new AssertionError("on purpose");
            }
        };
        try (ManagedServer server = ManagedServer.on(Transports.NIO)
                .manager(b -> b.drainListener(listener))
                .start()) {
            assertEquals(
                    DrainReport.Outcome.COMPLETE,
                    Drained.await(server.manager.drain()).outcome());
        }
    }

    @Test
    void drainListener_blocksForEver_delaysNothing() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        AtomicReference<Thread> blocked = new AtomicReference<>();
        DrainListener listener = new DrainListener() {
            @Override
            public void onPhase(DrainPhase phase) {
                blocked.set(Thread.currentThread());
                try {
                    never.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        try (ManagedServer server = ManagedServer.on(Transports.NIO)
                        .manager(b -> b.drainListener(listener))
                        .start();
                PeerRun peer = server.connect()) {
            try {
                server.accepted();
                server.awaitOpen(1);
                CompletableFuture<DrainReport> drain = server.manager.drain();
                peer.readAll();
                peer.socket().close();
                DrainReport report = Drained.await(drain);
                assertEquals(Drained.outcomeOfSilence(Transports.NIO), report.outcome());
                assertTrue(report.totalTime().toMillis() < 1500, report::toString);
                assertTrue(blocked.get().isDaemon(), "it must not keep the JVM from ending");
            } finally {
                never.countDown();
            }
        }
    }

    // ---- DrainEvent ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drainEvent_handlerThrows_theConnectionIsDrainedAllTheSame(Transports transport) throws Exception {
        NoWarnings.expect("a listener of");
        DrainReport report = drainWith(transport, ctx -> {
            throw new IllegalStateException("on purpose");
        });
        assertEquals(Drained.outcomeOfSilence(transport), report.outcome(), report::toString);
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void drainEvent_handlerClosesAtOnce_isDrained(Transports transport) throws Exception {
        DrainReport report = drainWith(transport, ChannelHandlerContext::close);
        assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
        assertTrue(report.phaseTimes().get(DrainPhase.SHEDDING).toMillis() < 1000, report::toString);
    }

    @Test
    void drainEvent_handlerRemovesOurs_isNotWaitedFor() throws Exception {
        AtomicReference<Channel> channel = new AtomicReference<>();
        try (ManagedServer server = ManagedServer.on(Transports.NIO)
                        .handlers(c -> c.pipeline().addLast(new OnDrain(ctx -> {
                            channel.set(ctx.channel());
                            ctx.pipeline().remove(GracefulCloseHandler.class);
                        })))
                        .start();
                PeerRun peer = server.connect()) {
            server.accepted();
            server.awaitOpen(1);
            DrainReport report = server.manager.drain().get(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome());
            assertEquals(0, report.unfinished());
            assertTrue(channel.get().isActive());
            channel.get().close();
            peer.readAll();
        }
    }

    @Test
    void drainEvent_handlerDrainsAgain_joins() throws Exception {
        AtomicReference<CompletableFuture<DrainReport>> second = new AtomicReference<>();
        AtomicReference<GracefulCloseManager> manager = new AtomicReference<>();
        try (ManagedServer server = ManagedServer.on(Transports.NIO)
                        .handlers(c -> c.pipeline()
                                .addLast(new OnDrain(
                                        ctx -> second.set(manager.get().drain(DrainPolicy.defaults())))))
                        .start();
                PeerRun peer = server.connect()) {
            manager.set(server.manager);
            server.accepted();
            server.awaitOpen(1);
            CompletableFuture<DrainReport> first = server.manager.drain();
            peer.readAll();
            peer.socket().close();
            assertEquals(Drained.await(first), Drained.await(second.get()));
        }
    }

    private static DrainReport drainWith(Transports transport, Consumer<ChannelHandlerContext> action)
            throws Exception {
        try (ManagedServer server = ManagedServer.on(transport)
                        .handlers(c -> c.pipeline().addLast(new OnDrain(action)))
                        .start();
                PeerRun peer = server.connect()) {
            server.accepted();
            server.awaitOpen(1);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            peer.readAll();
            peer.socket().close();
            DrainReport report = Drained.await(drain);
            assertEquals(1, report.openAtStart());
            return report;
        }
    }

    // ---- cancelling ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void cancelDrain_whileAnnouncing_theServerServesOn_andMayBeDrainedLater(Transports transport) throws Exception {
        DrainPolicy announced = Drained.POLICY.toBuilder()
                .announceDelay(Duration.ofSeconds(20))
                .drainTimeout(Duration.ofSeconds(30))
                .build();
        try (ManagedServer server = ManagedServer.on(transport).start();
                PeerRun peer = server.connect()) {
            server.accepted();
            server.awaitOpen(1);
            CompletableFuture<DrainReport> cancelled = server.manager.drain(announced);
            assertTrue(server.manager.cancelDrain());
            assertFalse(server.manager.cancelDrain());
            DrainReport none = cancelled.get(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertEquals(DrainReport.Outcome.CANCELLED, none.outcome());
            assertEquals(DrainPhase.READY, server.manager.phase());
            try (PeerRun next = server.connect()) {
                server.awaitOpen(2);
                CompletableFuture<DrainReport> drain = server.manager.drain();
                peer.readAll();
                peer.socket().close();
                next.readAll();
                next.socket().close();
                assertEquals(2, Drained.await(drain).openAtStart());
            }
        }
    }

    /** Acts on the drain's event. */
    private static final class OnDrain extends Listening {
        private final Consumer<ChannelHandlerContext> action;

        OnDrain(Consumer<ChannelHandlerContext> action) {
            this.action = action;
        }

        @Override
        public void drain(ChannelHandlerContext ctx, Drain drain) {
            action.accept(ctx);
        }
    }
}
