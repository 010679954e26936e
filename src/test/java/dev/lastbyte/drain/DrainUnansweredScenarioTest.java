package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.farewell.FarewellExchange;
import dev.lastbyte.testing.NoWarnings;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SniHandler;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Connections without an open exchange whose peers may wait for an answer, with frozen time. */
@ExtendWith(NoWarnings.class)
class DrainUnansweredScenarioTest {
    private final FrozenDrain drain = new FrozenDrain();

    /** What the kernel, or the watch, tells; when the drain closes the connection; and what it says then. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "silent connect 200ms drain 10ms closing fin 10ms,                                       COMPLETE,    0, 0",
        "asked connect 200ms drain 990ms untouched 120ms closing fin 10ms,                       UNCONFIRMED, 1, 0",
        "asked connect 200ms drain 500ms used 300ms untouched silent 210ms closing fin 10ms,     COMPLETE,    0, 0",
        "asked connect 200ms drain 500ms fin 10ms,                                               COMPLETE,    0, 0",
        "silent connect 200ms unread drain 990ms untouched 20ms closing fin 10ms,                UNCONFIRMED, 1, 0",
        "asked client 200ms drain 10ms closing fin 10ms,                                         COMPLETE,    0, 0",
        "answered connect 200ms drain 10ms closing fin 10ms,                                     COMPLETE,    0, 0",
        "acked connect 200ms drain 10ms closing fin 10ms,                                        COMPLETE,    0, 0",
        "left connect 200ms drain 990ms untouched 120ms closing fin 10ms,                        UNCONFIRMED, 1, 0",
        "either connect 200ms drain 10ms closing fin 10ms,                                       UNCONFIRMED, 0, 1",
        "probed connect 200ms drain 10ms closing fin 10ms,                                       UNCONFIRMED, 0, 1",
        "early connect 300ms drain 150ms untouched answered 160ms closing fin 10ms,              COMPLETE,    0, 0",
        "answered connect 200ms unread drain 990ms untouched 20ms closing fin 10ms,              UNCONFIRMED, 1, 0",
        "connect 5s drain 150ms untouched 160ms closing fin 10ms,                                UNCONFIRMED, 0, 1",
        "connect drain 10ms in:3 out:3 310ms closing fin 10ms,                                   COMPLETE,    0, 0",
        "connect drain 10ms out:3 in:3 900ms untouched 120ms closing fin 10ms,                   UNCONFIRMED, 1, 0",
        "connect drain 10ms in:3 500ms untouched out:3 190ms untouched 110ms closing fin 10ms,   COMPLETE,    0, 0",
        "connect drain 10ms in:3 out:0 900ms untouched 120ms closing fin 10ms,                   UNCONFIRMED, 1, 0"
    })
    void peer_mayWait_isWaitedForAndReported(
            String script, DrainReport.Outcome outcome, long possiblyUnanswered, long unjudged) {
        drain.play(script);
        assertEnded(outcome, possiblyUnanswered, unjudged);
    }

    @Test
    void unansweredPeriod_ofItsOwn_isKeptTo() {
        drain.play("asked connect 200ms");
        drain.drain(policy -> policy.unansweredPeriod(Duration.ofMillis(400)));
        drain.play("390ms untouched 120ms closing fin 10ms");
        assertEnded(DrainReport.Outcome.UNCONFIRMED, 1, 0);
    }

    @Test
    void unansweredPeriod_zero_keepsNoConnection() {
        drain.play("asked connect 200ms");
        drain.drain(policy -> policy.unansweredPeriod(Duration.ZERO));
        drain.play("10ms closing fin 10ms");
        assertEnded(DrainReport.Outcome.UNCONFIRMED, 1, 0);
    }

    /** It ends with the grace period at the latest. */
    @ParameterizedTest
    @CsvSource({"400, 390, 120", "5000, 990, 20"})
    void unansweredPeriod_ofTheListener_isKeptTo(long period, int kept, int then) {
        drain.server.unansweredPeriod(Duration.ofMillis(period));
        drain.play("asked connect 200ms");
        drain.drain(policy -> policy.unansweredPeriod(Duration.ZERO));
        drain.play(kept + "ms untouched " + then + "ms closing fin 10ms");
        assertEnded(DrainReport.Outcome.UNCONFIRMED, 1, 0);
    }

    @Test
    void exchanges_reported_decideAlone() {
        drain.play("asked connect busy done 200ms drain 10ms closing fin 10ms");
        assertEnded(DrainReport.Outcome.COMPLETE, 0, 0);
    }

    @Test
    void farewell_thatCounts_decidesAlone() {
        drain.play("asked connect 200ms");
        farewell().inProgress(() -> 0);
        drain.play("drain 10ms closing fin 10ms");
        assertEnded(DrainReport.Outcome.COMPLETE, 0, 0);
    }

    @Test
    void farewell_thatDoesNotCount_decidesNothing() {
        drain.play("asked connect 200ms");
        farewell();
        drain.play("drain 990ms untouched 120ms closing fin 10ms");
        assertEnded(DrainReport.Outcome.UNCONFIRMED, 1, 0);
    }

    /** Its peer agrees to the close. */
    @Test
    void farewell_thatIsAnswered_leavesNothingOwed() {
        drain.play("asked connect 200ms");
        FarewellExchange farewell = farewell();
        drain.channel().pipeline().addLast(new ChannelOutboundHandlerAdapter() {
            @Override
            public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
                farewell.say(promise, farewell::answered);
            }
        });
        drain.play("drain 990ms untouched 120ms closing fin 10ms");
        assertEnded(DrainReport.Outcome.COMPLETE, 0, 0);
    }

    /** As after an upgrade to a protocol that nobody knows. */
    @Test
    void farewell_thatHasLeft_decidesNothing() {
        drain.play("asked connect busy done 200ms");
        FarewellExchange left = farewell();
        left.inProgress(() -> 0);
        left.leave();
        drain.play("drain 990ms untouched 120ms closing fin 10ms");
        assertEnded(DrainReport.Outcome.UNCONFIRMED, 1, 0);
    }

    @Test
    void tlsHandshake_notFinished_isNoRequest() {
        drain.play("asked connect 200ms");
        drain.channel().pipeline().addLast(new SniHandler(name -> null));
        drain.play("drain 10ms closing fin 10ms");
        assertEnded(DrainReport.Outcome.COMPLETE, 0, 0);
    }

    /** Nothing can have been received before the watch. */
    @Test
    void connection_thatCameDuringTheDrain_isJudged() {
        drain.play("connect busy drain 10ms connect in:3 out:3 310ms closing fin at:1 done 310ms closing fin 10ms");
        assertEnded(DrainReport.Outcome.COMPLETE, 0, 0);
    }

    private FarewellExchange farewell() {
        return FarewellExchange.on(drain.channel().pipeline().lastContext(), "test", Duration.ofSeconds(1));
    }

    private void assertEnded(DrainReport.Outcome outcome, long possiblyUnanswered, long unjudged) {
        DrainReport report = drain.report();
        assertEquals(
                outcome + " " + possiblyUnanswered + " " + unjudged,
                report.outcome() + " " + report.possiblyUnanswered() + " " + report.unjudged(),
                report::toString);
        assertEquals(0, report.lostRequests());
    }
}
