package dev.lastbyte.drain;

import static dev.lastbyte.drain.DrainPhase.ANNOUNCING;
import static dev.lastbyte.drain.DrainPhase.DRAINED;
import static dev.lastbyte.drain.DrainPhase.FINISHING;
import static dev.lastbyte.drain.DrainPhase.FORCING;
import static dev.lastbyte.drain.DrainPhase.READY;
import static dev.lastbyte.drain.DrainPhase.SHEDDING;
import static dev.lastbyte.drain.DrainPhase.STOP_ACCEPTING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseOutcome;
import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelId;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The phases of a drain, with frozen time. */
class DrainScenarioTest {
    private static final DrainPolicy POLICY = DrainPolicy.builder()
            .idleAfter(Duration.ofMillis(200))
            .gracePeriod(Duration.ofMillis(1000))
            .longLivedPeriod(Duration.ofMillis(1500))
            .drainTimeout(Duration.ofMillis(3000))
            .build();

    private final FrozenServer server = new FrozenServer();

    // ---- phases ----------------------------------------------------------------------------------------------------

    @Test
    void nothingOpen_drained_endsAtOnce() {
        DrainSequence drain = server.drain(POLICY);
        server.pass(1);
        assertEquals(DrainReport.Outcome.COMPLETE, report(drain).outcome());
        assertEquals(List.of(ANNOUNCING, STOP_ACCEPTING, SHEDDING, DRAINED), server.phases);
        assertTrue(server.hasEnded());
    }

    @Test
    void nothingOpen_announced_lastsTheAnnounceDelay() {
        DrainSequence drain = server.drain(
                POLICY.toBuilder().announceDelay(Duration.ofMillis(500)).build());
        server.pass(499);
        assertEquals(ANNOUNCING, drain.phase());
        server.pass(2);
        assertEquals(Duration.ofMillis(500), report(drain).phaseTimes().get(ANNOUNCING));
        assertEquals(Duration.ofMillis(500), report(drain).totalTime());
    }

    @Test
    void idleConnection_silentBefore_isClosedAtOnce() {
        server.system.silentFor(10_000);
        EmbeddedDuplexChannel channel = server.connect();
        server.pass(200);
        DrainSequence drain = server.drain(POLICY);
        server.pass(10);
        assertEquals("FIN", channel.log().get(0));
        channel.peerFin();
        server.pass(10);
        assertEquals(DrainReport.Outcome.COMPLETE, report(drain).outcome());
        assertEquals(1, report(drain).openAtStart());
        assertEquals(1L, Drained.closed(report(drain)));
    }

    /** The kernel counts from the handshake; how long a connection waits to be accepted is our doing. */
    @Test
    void connection_thatWaitedToBeAccepted_isSilentOnlySinceThen() {
        server.system.silentFor(10_000);
        EmbeddedDuplexChannel channel = server.connect();
        server.drain(POLICY);
        server.pass(150);
        assertEquals(List.of(), channel.log());
        server.pass(160);
        assertEquals("FIN", channel.log().get(0));
    }

    @Test
    void unreadInput_isNoSilence() {
        server.system.silentFor(10_000);
        EmbeddedDuplexChannel channel = server.connect();
        server.pass(200);
        server.system.unreadInput(true);
        server.drain(POLICY);
        server.pass(500);
        assertEquals(List.of(), channel.log());
        server.system.unreadInput(false);
        server.pass(310);
        assertEquals("FIN", channel.log().get(0));
    }

    @Test
    void silence_unknownToTheKernel_countsFromTheStartOfTheDrain() {
        EmbeddedDuplexChannel channel = server.connect();
        server.pass(5000);
        server.drain(POLICY);
        server.pass(150);
        assertEquals(List.of(), channel.log());
        server.pass(160);
        assertEquals("FIN", channel.log().get(0));
    }

    @Test
    void input_unknownToTheKernel_endsTheSilence() {
        EmbeddedDuplexChannel channel = server.connect();
        server.drain(POLICY);
        server.pass(150);
        channel.peerSends(3);
        server.pass(150);
        assertEquals(List.of(), channel.log());
        server.pass(160);
        assertEquals("FIN", channel.log().get(0));
    }

    @Test
    void busyConnection_exchangeEnds_isClosedAfterItsSilence() {
        server.system.silentFor(10_000);
        EmbeddedDuplexChannel channel = server.connect();
        GracefulCloseHandler.exchangeStarted(channel);
        DrainSequence drain = server.drain(POLICY);
        server.pass(500);
        assertEquals(FINISHING, drain.phase());
        assertEquals(List.of(), channel.log());
        GracefulCloseHandler.exchangeEnded(channel);
        server.pass(110);
        assertEquals("FIN", channel.log().get(0));
    }

    @Test
    void exchangeOfAStream_keepsItsConnectionBusy() {
        server.system.silentFor(10_000);
        EmbeddedDuplexChannel connection = server.connect();
        EmbeddedChannel stream = new EmbeddedChannel(
                connection, DefaultChannelId.newInstance(), true, false, new ChannelInboundHandlerAdapter());
        GracefulCloseHandler.exchangeStarted(stream);
        assertEquals(1, server.registry.counts().of(LoopCounters.Count.IN_EXCHANGE));
        server.drain(POLICY);
        server.pass(500);
        assertEquals(List.of(), connection.log());
        GracefulCloseHandler.exchangeEnded(stream);
        server.pass(110);
        assertEquals("FIN", connection.log().get(0));
        stream.close();
    }

    @Test
    void streamWithAHandlerOfItsOwn_isNoConnection() {
        EmbeddedDuplexChannel connection = server.connect();
        ManagedConnection ofStream = new ManagedConnection(GracefulCloseConfig.defaults(), server.registry);
        EmbeddedChannel stream = new EmbeddedChannel(
                connection, DefaultChannelId.newInstance(), true, false, new GracefulCloseHandler(ofStream));
        assertEquals(1, server.registry.counts().open());
        stream.close();
        assertEquals(1, server.registry.counts().open());
    }

    @Test
    void busyConnection_graceOver_isClosedGracefully() {
        server.system.silentFor(10_000);
        EmbeddedDuplexChannel channel = server.connect();
        GracefulCloseHandler.exchangeStarted(channel);
        DrainSequence drain = server.drain(POLICY);
        server.pass(990);
        assertEquals(List.of(), channel.log());
        server.pass(20);
        assertEquals("FIN", channel.log().get(0));
        channel.peerFin();
        server.pass(10);
        assertEquals(DrainReport.Outcome.INTERRUPTED, report(drain).outcome());
        assertEquals(1, report(drain).interrupted());
    }

    @Test
    void connection_neverEnding_isForcedAtTheDeadline() {
        server.system.silentFor(10_000);
        EmbeddedDuplexChannel channel = server.connect(new SwallowsClose());
        DrainSequence drain = server.drain(POLICY);
        server.pass(2995);
        assertTrue(channel.isOpen());
        server.pass(10);
        DrainReport report = report(drain);
        assertEquals(DrainReport.Outcome.FORCED, report.outcome());
        assertEquals(1, report.forced());
        OpenConnection straggler = report.stragglers().get(0);
        assertEquals(OpenConnection.State.CLOSING, straggler.state());
        assertEquals(CloseCause.DRAIN_DEADLINE, straggler.report().orElseThrow().cause());
        assertTrue(server.phases.contains(FORCING));
        assertEquals(3000, report.totalTime().toMillis(), 5);
    }

    @Test
    void close_running_getsTheDeadlineOfTheDrain() {
        EmbeddedDuplexChannel channel = server.connect();
        channel.room(0);
        channel.write(Unpooled.wrappedBuffer(new byte[100]));
        channel.pipeline().close();
        DrainSequence drain = server.drain(POLICY);
        server.pass(3005);
        DrainReport report = report(drain);
        assertEquals(DrainReport.Outcome.FORCED, report.outcome());
        assertEquals(1L, report.closed().get(CloseOutcome.ABORTED));
        assertTrue(report.stragglers().get(0).pendingBytes() >= 100, report.toString());
    }

    // ---- who is told -----------------------------------------------------------------------------------------------

    @Test
    void event_travelsOnce_whenShedding() {
        Events events = new Events();
        server.system.silentFor(0);
        server.connect(events);
        server.drain(POLICY.toBuilder().announceDelay(Duration.ofMillis(100)).build());
        server.pass(90);
        assertEquals(List.of(), events.seen);
        server.pass(300);
        assertEquals(1, events.seen.size());
    }

    @Test
    void event_tellsTheTimeLeft() {
        Events events = new Events();
        server.system.silentFor(0);
        server.connect(events);
        server.drain(POLICY);
        server.pass(1000);
        assertEquals(2000, events.seen.get(0).timeLeft().toMillis());
        assertEquals(0, events.seen.get(0).graceLeft().toMillis());
    }

    @Test
    void lateConnection_isToldAtOnce_andCounted() {
        server.system.silentFor(0);
        server.connect();
        DrainSequence drain = server.drain(POLICY);
        server.pass(50);
        Events events = new Events();
        server.connect(events);
        assertEquals(1, events.seen.size());
        server.pass(3000);
        assertEquals(1, report(drain).late());
        assertEquals(1, report(drain).openAtStart());
    }

    @Test
    void connection_afterTheDrain_isClosed() {
        server.system.silentFor(0);
        server.connect().pipeline().close();
        server.drain(POLICY);
        server.pass(10);
        server.channels.get(0).peerFin();
        server.pass(3000);
        assertEquals(DRAINED, server.phases.get(server.phases.size() - 1));
        EmbeddedDuplexChannel late = server.connect();
        server.pass(1);
        assertEquals("FIN", late.log().get(0));
    }

    // ---- cancelled -------------------------------------------------------------------------------------------------

    @Test
    void cancel_whileAnnouncing_leavesNoTrace() {
        Events events = new Events();
        EmbeddedDuplexChannel channel = server.connect(events);
        int handlers = channel.pipeline().names().size();
        DrainSequence drain = server.drain(
                POLICY.toBuilder().announceDelay(Duration.ofMillis(500)).build());
        server.pass(100);
        assertTrue(drain.cancel());
        server.pass(10_000);
        assertEquals(DrainReport.Outcome.CANCELLED, report(drain).outcome());
        assertEquals(List.of(ANNOUNCING, READY), server.phases);
        assertEquals(List.of(), channel.log());
        assertEquals(List.of(), events.seen);
        assertEquals(handlers, channel.pipeline().names().size());
        assertFalse(drain.cancel());
    }

    @Test
    void cancel_later_isRefused() {
        server.system.silentFor(0);
        server.connect();
        DrainSequence drain = server.drain(POLICY);
        server.pass(1);
        assertFalse(drain.cancel());
    }

    @Test
    void drain_afterACancelledOne_runs() {
        server.system.silentFor(10_000);
        EmbeddedDuplexChannel channel = server.connect();
        server.drain(POLICY.toBuilder().announceDelay(Duration.ofMillis(500)).build())
                .cancel();
        server.pass(200);
        server.drain(POLICY);
        server.pass(10);
        assertEquals("FIN", channel.log().get(0));
    }

    // ---- classes and spread ----------------------------------------------------------------------------------------

    @Test
    void idleOnes_spread_areClosedEvenly() {
        server.system.silentFor(10_000);
        for (int i = 0; i < 9; i++) {
            server.connect();
        }
        server.pass(200);
        long start = server.millis();
        server.drain(POLICY.toBuilder().closeSpread(Duration.ofMillis(1000)).build());
        List<Long> closed = new ArrayList<>();
        for (int i = 0; i < 1100; i++) {
            server.pass(1);
            long gone = server.channels.stream()
                    .filter(c -> c.log().contains("FIN"))
                    .count();
            while (closed.size() < gone) {
                closed.add(server.millis() - start);
            }
        }
        // each is alone on its event loop: the middle of the span
        assertEquals(9, closed.size());
        assertEquals(500, closed.get(0), 10);
    }

    @Test
    void longLived_isToldEarly_butClosedAtItsOwnTime() {
        server.system.silentFor(10_000);
        Events events = new Events();
        EmbeddedDuplexChannel channel = server.connect(events);
        GracefulCloseHandler.longLived(channel);
        server.drain(POLICY);
        server.pass(10);
        assertEquals(1, events.seen.size());
        server.pass(1480);
        assertEquals(List.of(), channel.log());
        server.pass(30);
        assertEquals("FIN", channel.log().get(0));
    }

    // ---- listeners -------------------------------------------------------------------------------------------------

    @Test
    void listener_slowToStop_delaysShedding_butNotForEver() {
        server.system.silentFor(10_000);
        EmbeddedDuplexChannel channel = server.connect();
        server.listener(new EmbeddedChannel(), new CompletableFuture<>());
        DrainSequence drain = server.drain(
                POLICY.toBuilder().acceptTimeout(Duration.ofMillis(300)).build());
        server.pass(299);
        assertEquals(STOP_ACCEPTING, drain.phase());
        assertEquals(List.of(), channel.log());
        server.pass(2);
        assertEquals("FIN", channel.log().get(0));
    }

    @Test
    void listener_thatNeverStops_doesNotTakeTheGraceAway() {
        server.system.silentFor(10_000);
        Events events = new Events();
        EmbeddedDuplexChannel busy = server.connect(events);
        GracefulCloseHandler.exchangeStarted(busy);
        server.listener(new EmbeddedChannel(), new CompletableFuture<>());
        server.drain(POLICY.toBuilder().acceptTimeout(Duration.ofHours(1)).build());
        server.pass(1010);
        assertEquals(1, events.seen.size());
        assertEquals("FIN", busy.log().get(0));
    }

    @Test
    void listener_stopped_leadsToShedding() {
        CompletableFuture<ListenerReport> stop = new CompletableFuture<>();
        server.system.silentFor(0);
        server.connect();
        server.listener(new EmbeddedChannel(), stop);
        DrainSequence drain = server.drain(POLICY);
        server.pass(100);
        assertEquals(STOP_ACCEPTING, drain.phase());
        stop.completeExceptionally(new IllegalStateException("on purpose"));
        server.pass(1);
        assertEquals(FINISHING, drain.phase());
    }

    // ---- an earlier end
    // ----------------------------------------------------------------------------------------------

    @Test
    void tightened_endsAsEarlyAsTheOther() {
        server.system.silentFor(10_000);
        EmbeddedDuplexChannel busy = server.connect();
        GracefulCloseHandler.exchangeStarted(busy);
        EmbeddedDuplexChannel stuck = server.connect(new SwallowsClose());
        DrainSequence drain = server.drain(POLICY.toBuilder()
                .gracePeriod(Duration.ofSeconds(100))
                .drainTimeout(Duration.ofSeconds(200))
                .build());
        server.pass(500);
        drain.tighten(POLICY);
        server.pass(990);
        assertEquals(List.of(), busy.log());
        server.pass(20);
        assertEquals("FIN", busy.log().get(0));
        busy.peerFin();
        server.pass(1995);
        assertFalse(stuck.isOpen());
        assertEquals(3500, report(drain).totalTime().toMillis(), 10);
    }

    @Test
    void tightened_whileAnnouncing_announcesShorter() {
        DrainSequence drain = server.drain(DrainPolicy.builder()
                .announceDelay(Duration.ofMinutes(1))
                .drainTimeout(Duration.ofMinutes(5))
                .build());
        server.pass(10);
        drain.tighten(POLICY);
        server.pass(5);
        assertEquals(DrainReport.Outcome.COMPLETE, report(drain).outcome());
    }

    // ---- progress --------------------------------------------------------------------------------------------------

    @Test
    void progress_comesAtItsRate_andNamesBlockers() {
        server.system.silentFor(0);
        EmbeddedDuplexChannel oldest = server.connect();
        server.pass(10);
        server.connect();
        server.drain(POLICY.toBuilder()
                .progressInterval(Duration.ofMillis(100))
                .maxBlockers(1)
                .build());
        server.pass(550);
        List<DrainProgress> regular = server.progress.stream()
                .filter(p -> p.timeLeft().toMillis() % 100 == 0 && p.timeLeft().toMillis() < 3000)
                .toList();
        assertEquals(5, regular.size());
        DrainProgress last = regular.get(4);
        assertEquals(FINISHING, last.phase());
        assertEquals(2, last.open());
        assertEquals(2, last.busy());
        assertEquals(0, last.closing());
        assertEquals(2500, last.timeLeft().toMillis());
        assertEquals(1, last.blockers().size());
        assertEquals(oldest.id().asShortText(), last.blockers().get(0).id());
        assertEquals(510, last.blockers().get(0).age().toMillis(), 100);
        assertNotNull(last.toString());
    }

    // ---- limits over all closes ------------------------------------------------------------------------------------

    @Test
    void maxClosing_exceeded_evictsTheOldest() {
        FrozenServer small = new FrozenServer(GracefulCloseConfig.defaults(), 2, Long.MAX_VALUE);
        List<EmbeddedDuplexChannel> all = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            all.add(small.connect());
        }
        for (EmbeddedDuplexChannel channel : all) {
            channel.pipeline().close();
            small.pass(1);
        }
        assertFalse(all.get(0).isOpen());
        assertTrue(all.get(1).isOpen());
        assertTrue(all.get(2).isOpen());
        CloseReport report = GracefulCloseHandler.report(all.get(0)).getNow();
        assertEquals(CloseCause.EVICTED, report.cause());
        assertEquals(2, small.registry.budget().closing());
    }

    @Test
    void maxClosingBytes_exceeded_evictsTheOldest_andIsGivenBack() {
        FrozenServer small = new FrozenServer(GracefulCloseConfig.defaults(), 100, 1000);
        List<EmbeddedDuplexChannel> all = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            EmbeddedDuplexChannel channel = small.connect();
            channel.room(0);
            channel.write(Unpooled.wrappedBuffer(new byte[450]));
            all.add(channel);
        }
        for (EmbeddedDuplexChannel channel : all) {
            channel.pipeline().close();
            small.pass(1);
        }
        assertFalse(all.get(0).isOpen());
        assertTrue(all.get(2).isOpen());
        assertEquals(
                CloseOutcome.ABORTED,
                GracefulCloseHandler.report(all.get(0)).getNow().outcome());
        all.get(1).room(Long.MAX_VALUE);
        all.get(2).room(Long.MAX_VALUE);
        small.pass(10);
        assertFalse(small.registry.budget().isExceeded());
    }

    @Test
    void drain_keepsItsOwnClosesWithinTheLimit() {
        FrozenServer small = new FrozenServer(GracefulCloseConfig.defaults(), 4, Long.MAX_VALUE);
        small.system.silentFor(10_000);
        List<EmbeddedDuplexChannel> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            all.add(small.connect());
        }
        DrainSequence drain = small.drain(POLICY);
        for (int i = 0; i < 500; i++) {
            small.pass(1);
            assertTrue(small.registry.budget().closing() <= 4);
            if (i % 10 == 0) { // sooner than anybody is evicted
                all.stream().filter(c -> c.isOpen() && c.log().contains("FIN")).forEach(EmbeddedDuplexChannel::peerFin);
            }
        }
        assertEquals(
                10L,
                report(drain).closed().get(CloseOutcome.DELIVERED)
                        + report(drain).closed().get(CloseOutcome.PEER_CLOSED));
        assertTrue(all.stream()
                .noneMatch(c -> GracefulCloseHandler.report(c).getNow().cause() == CloseCause.EVICTED));
    }

    private DrainReport report(DrainSequence drain) {
        assertTrue(drain.future().isDone(), () -> "still in " + drain.phase());
        return drain.future().join();
    }

    /** Keeps the drain's events. */
    private static final class Events extends ChannelInboundHandlerAdapter {
        final List<DrainEvent> seen = new ArrayList<>();

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof DrainEvent drain) {
                seen.add(drain);
            }
            ctx.fireUserEventTriggered(event);
        }
    }

    /** A protocol that never gets its farewell out. */
    private static final class SwallowsClose extends ChannelOutboundHandlerAdapter {
        @Override
        public void close(ChannelHandlerContext ctx, ChannelPromise promise) {}
    }
}
