package dev.lastbyte.drain;

import static dev.lastbyte.drain.DrainPhase.ANNOUNCING;
import static dev.lastbyte.drain.DrainPhase.DRAINED;
import static dev.lastbyte.drain.DrainPhase.FORCING;
import static dev.lastbyte.drain.DrainPhase.READY;
import static dev.lastbyte.drain.DrainPhase.SHEDDING;
import static dev.lastbyte.drain.DrainPhase.STOP_ACCEPTING;
import static dev.lastbyte.drain.DrainReport.Outcome.COMPLETE;
import static dev.lastbyte.drain.DrainReport.Outcome.UNCONFIRMED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseOutcome;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.testing.NoWarnings;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The phases of a drain from its announcement to its deadline, with frozen time. */
@ExtendWith(NoWarnings.class)
class DrainScenarioTest {
    private final FrozenDrain drain = new FrozenDrain();
    private final FrozenServer server = drain.server;

    // ---- from the first to the last --------------------------------------------------------------------------------

    @Test
    void longLived_ended_isIdleLikeOthers() {
        FrozenDrain drain = new FrozenDrain().play("silent connect longlived connect longlived longlived shortlived");
        drain.play("connect longlived shortlived drain 400ms");
        assertFalse(drain.channel().log().isEmpty(), "an idle connection is closed");
        drain.play("at:1 untouched at:2 untouched");
    }

    @Test
    void nothingOpen_drained_endsAtOnce() {
        drain.play("drain 1ms");
        assertEquals(DrainReport.Outcome.COMPLETE, drain.report().outcome());
        assertEquals(List.of(ANNOUNCING, STOP_ACCEPTING, SHEDDING, DRAINED), server.phases);
        assertTrue(server.hasEnded());
    }

    @Test
    void nothingOpen_announced_lastsTheAnnounceDelay() {
        drain.drain(policy -> policy.announceDelay(Duration.ofMillis(500)));
        drain.play("499ms phase:ANNOUNCING 2ms");
        assertEquals(Duration.ofMillis(500), drain.report().phaseTimes().get(ANNOUNCING));
        assertEquals(Duration.ofMillis(500), drain.report().totalTime());
    }

    @Test
    void busyConnection_graceOver_isClosedGracefully() {
        drain.play("silent connect busy drain 990ms untouched 20ms closing fin 10ms");
        assertEquals(DrainReport.Outcome.INTERRUPTED, drain.report().outcome());
        assertEquals(1, drain.report().interrupted());
    }

    /** What the application closes in the drain while the peer takes nothing. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "silent connect room:0 busy write:100 drain close 300ms over, INTERRUPTED, 1",
        "silent connect room:0 write:100 drain close 300ms over,      INTERRUPTED, 1",
        "silent connect room:0 busy write:100 drain rst 10ms over,    COMPLETE,    0",
        "silent connect busy write:100 drain close fin 10ms over,     COMPLETE,    0",
    })
    void output_truncatedByThisSide_isInterrupted(String script, DrainReport.Outcome outcome, long interrupted) {
        GracefulCloseConfig impatient = GracefulCloseConfig.builder()
                .flushTimeout(Duration.ofMillis(200))
                .stallTimeout(Duration.ofMillis(200))
                .build();
        FrozenDrain other = new FrozenDrain(new FrozenServer(impatient, 10, Long.MAX_VALUE)).play(script);
        assertEquals(
                outcome + " " + interrupted,
                other.report().outcome() + " " + other.report().interrupted(),
                other.report()::toString);
    }

    @Test
    void connection_neverEnding_isForcedAtTheDeadline() {
        drain.play("silent stubborn drain 2995ms open 10ms");
        DrainReport report = drain.report();
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
        drain.play("connect room:0 write:100 close drain 3005ms");
        DrainReport report = drain.report();
        assertEquals(DrainReport.Outcome.FORCED, report.outcome());
        assertEquals(1L, report.closed().get(CloseOutcome.ABORTED));
        assertTrue(report.stragglers().get(0).pendingBytes() >= 100, report.toString());
    }

    // ---- cancelled -------------------------------------------------------------------------------------------------

    @Test
    void cancel_whileAnnouncing_leavesNoTrace() {
        drain.play("connect");
        int handlers = drain.channel().pipeline().names().size();
        drain.drain(policy -> policy.announceDelay(Duration.ofMillis(500))).play("100ms");
        assertTrue(drain.drain().cancel());
        drain.play("10s untouched told:0");
        assertEquals(DrainReport.Outcome.CANCELLED, drain.report().outcome());
        assertEquals(List.of(ANNOUNCING, READY), server.phases);
        assertEquals(handlers, drain.channel().pipeline().names().size());
        assertFalse(drain.drain().cancel());
    }

    @Test
    void cancel_later_isRefused() {
        drain.play("used connect drain 1ms");
        assertFalse(drain.drain().cancel());
    }

    @Test
    void drain_afterACancelledOne_runs() {
        drain.play("silent connect");
        drain.drain(policy -> policy.announceDelay(Duration.ofMillis(500)));
        drain.drain().cancel();
        drain.play("200ms drain 10ms closing");
    }

    // ---- listeners -------------------------------------------------------------------------------------------------

    @Test
    void listener_slowToStop_delaysShedding_butNotForEver() {
        drain.play("silent connect");
        server.listener(new EmbeddedChannel(), new CompletableFuture<>());
        drain.drain(policy -> policy.acceptTimeout(Duration.ofMillis(300)));
        drain.play("299ms phase:STOP_ACCEPTING untouched 2ms closing");
    }

    @Test
    void listener_thatNeverStops_doesNotTakeTheGraceAway() {
        drain.play("silent connect busy");
        server.listener(new EmbeddedChannel(), new CompletableFuture<>());
        drain.drain(policy -> policy.acceptTimeout(Duration.ofHours(1)));
        drain.play("1010ms told:1 closing");
    }

    @Test
    void listener_stillOpen_keepsTheDrainFromItsEnd() {
        CompletableFuture<ListenerReport> stop = new CompletableFuture<>();
        server.listener(new EmbeddedChannel(), stop);
        drain.drain(policy -> policy.acceptTimeout(Duration.ofMillis(300)));
        drain.play("310ms phase:FINISHING");
        stop.complete(ListenerReportTest.report(OptionalLong.of(0), null));
        drain.play("1ms");
        assertEquals(COMPLETE, drain.report().outcome());
        assertEquals(1, drain.report().listeners().size());
    }

    @Test
    void listener_stopped_leadsToShedding() {
        NoWarnings.expect("a listener could not be stopped");
        CompletableFuture<ListenerReport> stop = new CompletableFuture<>();
        server.listener(new EmbeddedChannel(), stop);
        drain.play("used connect drain 100ms phase:STOP_ACCEPTING");
        stop.completeExceptionally(new IllegalStateException("on purpose"));
        drain.play("1ms phase:FINISHING");
    }

    static Stream<Arguments> stops() {
        return Stream.of(
                Arguments.of("clean", ListenerReportTest.report(OptionalLong.of(0), null), COMPLETE),
                Arguments.of("uncounted", ListenerReportTest.report(OptionalLong.empty(), null), COMPLETE),
                Arguments.of("clients left", ListenerReportTest.report(OptionalLong.of(1), null), UNCONFIRMED),
                Arguments.of(
                        "failed",
                        ListenerReportTest.report(OptionalLong.of(0), new IllegalStateException("on purpose")),
                        UNCONFIRMED));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stops")
    void listener_stopped_outcomeSaysWhetherAllWasSeen(
            String name, ListenerReport report, DrainReport.Outcome outcome) {
        server.listener(new EmbeddedChannel(), CompletableFuture.completedFuture(report));
        drain.play("drain 1ms");
        assertEquals(outcome, drain.report().outcome(), drain.report()::toString);
    }

    @Test
    void listener_stopThrows_outcomeIsUnconfirmed() {
        NoWarnings.expect("a listener could not be stopped");
        server.listener(new EmbeddedChannel(), CompletableFuture.failedFuture(new IllegalStateException("on purpose")));
        drain.play("drain 1ms");
        assertEquals(UNCONFIRMED, drain.report().outcome());
    }

    // ---- tightened -------------------------------------------------------------------------------------------------

    @Test
    void tightened_endsAsEarlyAsTheOther() {
        drain.play("silent connect busy stubborn");
        drain.drain(policy -> policy.gracePeriod(Duration.ofSeconds(100)).drainTimeout(Duration.ofSeconds(200)));
        drain.play("500ms").drain().tighten(FrozenDrain.POLICY);
        drain.play("at:1 990ms untouched 20ms closing fin");
        drain.play("at:2 1995ms over");
        assertEquals(3500, drain.report().totalTime().toMillis(), 10);
    }

    @Test
    void tightened_whileAnnouncing_announcesShorter() {
        DrainSequence slow = server.drain(DrainPolicy.builder()
                .announceDelay(Duration.ofMinutes(1))
                .drainTimeout(Duration.ofMinutes(5))
                .build());
        server.pass(10);
        slow.tighten(FrozenDrain.POLICY);
        server.pass(5);
        assertEquals(DrainReport.Outcome.COMPLETE, slow.future().join().outcome());
    }
}
