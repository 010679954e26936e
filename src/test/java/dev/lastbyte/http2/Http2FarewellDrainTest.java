package dev.lastbyte.http2;

import static dev.lastbyte.FarewellReport.Outcome.ANSWERED;
import static dev.lastbyte.FarewellReport.Outcome.UNANSWERED;
import static dev.lastbyte.http2.Http2Connection.FIRST_GOAWAY;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.drain.Drained;
import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.NoWarnings;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The last frames of an HTTP/2 connection in a drain and their order, with frozen time, and the PING between them. */
@ExtendWith(NoWarnings.class)
class Http2FarewellDrainTest {

    // ---- the drain -------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void drain_withAnOpenStream_twoGoAways_thenTheStreamEnds_thenTheClose(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/10/200");
        http2.play("drain").writes(FIRST_GOAWAY, "PING");
        http2.play("ack").writes("GOAWAY 1 0");
        http2.play("open 200ms").writes("HEADERS 1", "DATA 1 10 END");
        http2.play("closing fin").ends(ANSWERED, 0, 0);
        http2.play("5s"); // no timer is left that could do anything
    }

    @ParameterizedTest
    @EnumSource
    void drain_streamBetweenTheGoAways_isServed_oneBehindThemRefused(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/10/200");
        http2.play("drain ask:3:/10/100 ack").writes(FIRST_GOAWAY, "PING", "GOAWAY 3 0");
        http2.play("ask:5:/10/100 upload:7:/10/100 data:7:100");
        http2.writes(
                "RST 5 7", "RST 7 7", "RST 7 5"); // the last for its body; the peer has forgotten the stream by then
        http2.play("200ms").writes("HEADERS 3", "DATA 3 10 END", "HEADERS 1", "DATA 1 10 END");
        http2.play("fin").ends(ANSWERED, 2, 0);
    }

    @ParameterizedTest
    @EnumSource
    void drain_withoutStreams_endsAfterOneRoundTrip(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.open(answers).play("preface forget");
        http2.play("drain").writes(FIRST_GOAWAY, "PING");
        http2.play("ack").writes("GOAWAY 0 0");
        http2.play("closing fin").ends(ANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void drain_spreadOverTime_idleConnectionIsNotTold_untilItHasAStream(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.open(answers).play("preface forget");
        http2.drain(
                Drained.POLICY.toBuilder().closeSpread(Duration.ofSeconds(1)).build());
        http2.writes();
        http2.play("ask:1:/1/1").writes(FIRST_GOAWAY, "PING");
    }

    @ParameterizedTest
    @EnumSource
    void drain_beforeTheClientsPreface_saysTheSame(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.open(answers);
        http2.play("drain").writes("SETTINGS", FIRST_GOAWAY, "PING");
        http2.play("preface ask:1:/1/1 ack 1ms fin");
        http2.writes("SETTINGS ACK", "GOAWAY 1 0", "HEADERS 1", "DATA 1 1 END");
        http2.ends(ANSWERED, 0, 0);
    }

    @Test
    void drain_heardBeforeTheHandlerWasAdded_isMadeUpFor() {
        Http2Connection http2 = Http2Connection.withoutHttp2().play("drain");
        http2.channel.pipeline().addLast(Http2Answers.MULTIPLEX.newCodec(), new Http2FarewellHandler());
        http2.channel.runPendingTasks();
        http2.writes("SETTINGS", FIRST_GOAWAY, "PING");
    }

    // ---- the PING --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void pingNeverAcknowledged_lastGoAwayComesAllTheSame(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/10/2000");
        http2.play("close 490ms").writes(FIRST_GOAWAY, "PING");
        http2.play("20ms").writes("GOAWAY 1 0");
        http2.play("ack 1600ms fin"); // late: changes nothing
        http2.writes("HEADERS 1", "DATA 1 10 END");
        http2.ends(UNANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void pingAcknowledgedTwice_andAfterTheEnd_changesNothing(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/10/200");
        http2.play("drain ack ack 200ms ack fin ack");
        http2.writes(FIRST_GOAWAY, "PING", "GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END");
        http2.ends(ANSWERED, 0, 0);
    }

    @Test
    void drainWithLittleTimeLeft_shortensTheWaitForThePing() {
        Http2Connection http2 = Http2Connection.withStream(Http2Answers.MULTIPLEX, "/10/2000");
        http2.drain(Drained.SHORT); // 900 ms: a quarter of it is 225
        List<String> written = http2.play("240ms").written();
        assertEquals("GOAWAY 1 0", written.get(written.size() - 1));
    }
}
