package dev.lastbyte.http2;

import static dev.lastbyte.FarewellReport.Outcome.ANSWERED;
import static dev.lastbyte.FarewellReport.Outcome.NOT_SAID;
import static dev.lastbyte.FarewellReport.Outcome.SAID;
import static dev.lastbyte.FarewellReport.Outcome.UNANSWERED;
import static dev.lastbyte.http2.Http2Connection.FIRST_GOAWAY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The last frames of an HTTP/2 connection that is closed, and of one whose GOAWAY others write, with frozen time. */
@ExtendWith(NoWarnings.class)
class Http2FarewellCloseTest {

    // ---- close() ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void close_isHeldBack_untilStreamsHaveEnded(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/10/200");
        http2.play("close close").writes(FIRST_GOAWAY, "PING");
        http2.play("ack 199ms open 1ms closing fin").writes("GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END");
        http2.ends(ANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void close_streamThatNeverEnds_isLostAtTheLimit(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/never");
        http2.play("close ack 2900ms open 110ms closing fin").ends(ANSWERED, 0, 1);
    }

    @ParameterizedTest
    @EnumSource
    void close_whileDraining_joins_andDrainWhileClosingToo(Http2Answers answers) {
        for (String both : List.of("drain close", "close drain")) {
            Http2Connection http2 = Http2Connection.withStream(answers, "/10/50");
            http2.play(both + " ack 50ms");
            http2.writes(FIRST_GOAWAY, "PING", "GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END");
            http2.play("fin").ends(ANSWERED, 0, 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void closeByTheCodec_stillNamesTheLastStream(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/never");
        http2.codec().close(); // past our handler
        http2.writes("GOAWAY 1 0");
        http2.play("fin").ends(UNANSWERED, 0, 1);
    }

    @ParameterizedTest
    @EnumSource
    void closeNow_countsOpenStreamsAsLost(Http2Answers answers) {
        Http2Connection.withStream(answers, "/never").play("now").ends(NOT_SAID, 0, 1);
    }

    @ParameterizedTest
    @EnumSource
    void answeredStreamWhoseUploadGoesOn_isNotLost(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.open(answers).play("preface upload:1:/never");
        Http2ConnectionHandler codec = (Http2ConnectionHandler) http2.codec().handler();
        codec.encoder()
                .writeHeaders(
                        http2.codec(), 1, new DefaultHttp2Headers().status("413"), 0, true, http2.channel.newPromise());
        http2.channel.flush();
        http2.play("now").ends(NOT_SAID, 0, 0);
    }

    // ---- a client's ------------------------------------------------------------------------------------------------

    @Test
    void client_close_saysGoAwayOnce_andAwaitsItsAnswers() {
        Http2Connection http2 = Http2Connection.ofClient();
        http2.play("close").writes("GOAWAY 0 0");
        http2.play("open answer:3 closing fin").writes();
        http2.ends(SAID, 0, 0);
    }

    @Test
    void client_answerThatNeverComes_isGivenUpAtTheLimit() {
        Http2Connection.ofClient().play("close 2990ms open 20ms closing fin").ends(SAID, 0, 0);
    }

    @Test
    void client_drain_isLeftToTheManager() {
        Http2Connection http2 = Http2Connection.ofClient();
        http2.play("drain").writes();
        http2.play("answer:3 open");
    }

    // ---- others who write a GOAWAY ---------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void ownGoAwayOfTheApplication_isNotRepeated_andNeverRaised(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/10/100");
        Http2ConnectionHandler codec = (Http2ConnectionHandler) http2.codec().handler();
        codec.goAway(http2.codec(), 1, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, http2.channel.newPromise());
        http2.channel.flush();
        http2.play("drain close 100ms").writes("GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END");
        http2.play("fin").ends(SAID, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void connectionError_isToldByNetty_andNotContradicted(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/never");
        List<String> written = http2.play("breach").written();
        assertEquals(1, written.size(), written::toString);
        assertTrue(written.get(0).startsWith("GOAWAY ") && written.get(0).endsWith(" 1"), written::toString);
        http2.play("fin excuse");
        assertEquals(1, http2.farewell().lostRequests());
    }

    /** An id that rose would be an error of ours. */
    @ParameterizedTest
    @EnumSource
    void connectionError_behindTheLastGoAway_closesWithoutOneMore(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/never");
        http2.play("drain ack ask:3:/1/1 breach").writes(FIRST_GOAWAY, "PING", "GOAWAY 1 0", "RST 3 7");
        http2.play("closing fin excuse").ends(ANSWERED, 1, 1);
    }
}
