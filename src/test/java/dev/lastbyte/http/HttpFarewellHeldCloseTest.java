package dev.lastbyte.http;

import static dev.lastbyte.FarewellReport.Outcome.NOT_SAID;
import static dev.lastbyte.FarewellReport.Outcome.SAID;

import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.testing.NoLeaks;
import dev.lastbyte.testing.NoWarnings;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** close() of an idle HTTP connection, with frozen time: when it is held back for a request on its way, and when it goes on. */
@ExtendWith({NoLeaks.class, NoWarnings.class})
class HttpFarewellHeldCloseTest {
    private final HttpConnection http = new HttpConnection(HttpFarewellConfig.defaults());

    // ---- held back or not ------------------------------------------------------------------------------------------

    @Test
    void close_shortlyAfterAResponse_isHeldBack() {
        http.play("5s get answer close 999ms open 1ms closing");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void close_connectionIsYoung_isHeldBack() {
        http.play("400ms close 599ms open 1ms closing");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void close_idleForLong_goesOnAtOnce() {
        http.play("get answer 1s close closing");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void close_withoutProtection_goesOnAtOnce() {
        HttpConnection bare = new HttpConnection(
                HttpFarewellConfig.builder().withoutIdleProtection().build());
        bare.play("get answer close closing");
        bare.ends(NOT_SAID, 0, 0);
    }

    @Test
    void close_responseNotInTheKernelYet_isProtectedFromThenOn() {
        http.play("get room:10 answer close 900ms room 999ms open 1ms closing");
        http.ends(NOT_SAID, 0, 0);
    }

    // ---- what happens meanwhile ------------------------------------------------------------------------------------

    @Test
    void heldClose_requestComes_isServedWithClose() {
        http.play("close 500ms get 10s open answer:close closing");
        http.ends(SAID, 0, 0);
    }

    @Test
    void heldClose_answerDoesNotCome_goesOnAfterAnswerTimeout() {
        http.play("close get 29999ms open 1ms closing");
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void heldClose_inADrain_answerMayTakeTheGracePeriod() {
        http.play("drain close get 19s open 1s closing");
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void heldClose_inADrain_takesHalfOfItsTimeAtMost() {
        HttpConnection patient = new HttpConnection(HttpFarewellConfig.builder()
                .minIdleProtection(Duration.ofHours(1))
                .build());
        patient.play("close 60s open");
        patient.drain(DrainPolicy.builder().drainTimeout(Duration.ofSeconds(20)).build());
        patient.play("8s open 2s closing");
        patient.ends(NOT_SAID, 0, 0);
    }

    @Test
    void heldClose_secondClose_joins() {
        http.play("close close 1s close");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void heldClose_secondCloseWithARequestOpen_goesOnAtOnce() {
        http.play("close get close closing");
        http.ends(NOT_SAID, 0, 1);
    }

    @Test
    void heldClose_peerCloses_completes() {
        http.play("close fin closed");
        http.ends(NOT_SAID, 0, 0);
        http.play("2s"); // no timer is left
    }

    @Test
    void heldClose_peerHalfClosesWithARequestOpen_answerIsSent() {
        http.play("close get fin open answer:close");
        http.ends(SAID, 0, 0);
    }

    @Test
    void heldClose_closeNow_doesNotWait() {
        http.play("close now closed");
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void heldClose_handlerRemoved_goesOn() {
        http.play("close");
        http.channel.pipeline().remove(HttpFarewellHandler.class);
        http.channel.runPendingTasks();
        http.play("closing");
        http.ends(NOT_SAID, 0, 0);
    }
}
