package dev.lastbyte.http2;

import static dev.lastbyte.FarewellReport.Outcome.ANSWERED;
import static dev.lastbyte.FarewellReport.Outcome.NOT_SAID;
import static dev.lastbyte.FarewellReport.Outcome.UNANSWERED;
import static dev.lastbyte.http2.Http2Connection.FIRST_GOAWAY;

import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.NoWarnings;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** HTTP/2 peers that leave before or during the farewell, and streams that they reset, with frozen time. */
@ExtendWith(NoWarnings.class)
class Http2FarewellPeersTest {

    @ParameterizedTest
    @EnumSource
    void peerGoesAwayFirst_itsStreamIsServed_thenTheSameWords(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/10/100");
        http2.play("goaway drain ack 100ms");
        http2.writes(FIRST_GOAWAY, "PING", "GOAWAY 1 0", "HEADERS 1", "DATA 1 10 END");
        http2.play("fin").ends(ANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void peerHalfCloses_withStreamsOpen_hasGone_theyAreCancelledAtOnce(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/10/100");
        http2.play("ask:3:/never upload:5:/never forget fin over");
        http2.writes("GOAWAY 5 0", "RST 1 8", "RST 3 8", "RST 5 8");
        http2.ends(UNANSWERED, 0, 0);
    }

    /** No window will open again. */
    @ParameterizedTest
    @EnumSource
    void peerHalfCloses_answerBeyondTheWindow_isCancelledAtOnce(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/1000000/0");
        http2.play("1ms forget fin over");
        http2.writes("GOAWAY 1 0", "RST 1 8");
        http2.ends(UNANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void peerHalfCloses_whileThePingIsAwaited_isNotWaitedFor(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/10/100");
        http2.play("close fin over").writes(FIRST_GOAWAY, "PING", "GOAWAY 1 0", "RST 1 8");
        http2.ends(UNANSWERED, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void peerResets_losesNothingThatIsOurs(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/never");
        http2.play("rst 1s over excuse").ends(NOT_SAID, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void resetsOfAllStreams_endTheDrain(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/never");
        for (int stream = 3; stream < 100; stream += 2) {
            http2.play("ask:" + stream + ":/never");
        }
        http2.play("drain ack");
        for (int stream = 1; stream < 100; stream += 2) {
            http2.play("open cancel:" + stream);
        }
        http2.play("closing fin").ends(ANSWERED, 0, 0);
    }

    /** Netty ends a connection with more than 200 resets in half a minute by a GOAWAY of its own. */
    @ParameterizedTest
    @EnumSource
    void stormOfResets_whileDraining_endsWithNettysError(Http2Answers answers) {
        Http2Connection http2 = Http2Connection.withStream(answers, "/never");
        http2.play("drain").writes(FIRST_GOAWAY, "PING");
        for (int stream = 3; http2.channel.log().isEmpty() && stream < 2000; stream += 2) {
            http2.play("ask:" + stream + ":/never cancel:" + stream);
        }
        http2.play("closing fin over excuse");
    }
}
