package dev.lastbyte.tcp;

import dev.lastbyte.testing.NoWarnings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How long the corking handler holds bytes back at most: in pauses of a message, and with a peer that reads slowly. */
@ExtendWith(NoWarnings.class)
class CorkHoldScenarioTest {
    private final CorkedConnection corked = CorkedConnection.withCork();

    // ---- the hold limit --------------------------------------------------------------------------------------------

    @Test
    void pause_endsAtTheHoldLimit_andTheStreamIsNotHeldAgain() {
        corked.play("start flush:5 turn 9ms").did("CORK 5");
        corked.play("1ms").did("UNCORK");
        corked.play("flush:6 turn flush:7 turn").did("6 7");
        corked.play("end start turn flush:8 turn").did("CORK 8");
    }

    @Test
    void pause_withoutACork_endsAtTheHoldLimit() {
        CorkedConnection bare = CorkedConnection.withoutCork();
        bare.play("start flush:5 turn 9ms").did("");
        bare.play("1ms").did("5");
        bare.play("flush:6 turn").did("6");
    }

    @Test
    void trickle_isLetGoOncePerHoldLimit_andStaysCorkedBetween() {
        corked.play("start");
        for (int i = 0; i < 6; i++) {
            corked.play("flush:1 turn 4ms");
        }
        corked.did("CORK 1 1 1 UNCORK CORK 1 1 1 UNCORK");
    }

    @Test
    void secondWait_isCountedFromItsOwnBeginning() {
        corked.play("start flush:5 turn 8ms end turn start flush:6 turn 9ms").did("CORK 5 UNCORK CORK 6");
        corked.play("1ms").did("UNCORK");
    }

    // ---- slow peers ------------------------------------------------------------------------------------------------

    @Test
    void slowPeer_uncorkWaitsForTheLastByte() {
        corked.play("room:3 start flush:5 turn flush:6 end turn").did("CORK 3");
        corked.play("room:1000").did("8 UNCORK");
    }

    @Test
    void slowPeer_holdLimit_leavesTheCorkWhileTheQueueIsNotEmpty() {
        corked.play("room:3 start flush:5 turn 35ms").did("CORK 3");
        corked.play("room:1000 10ms").did("2 UNCORK");
    }

    @Test
    void slowPeer_senderThatGoesOn_isNotTakenForAStream() {
        corked.play("room:3 start flush:5 turn 35ms room:1000 flush:6 turn end turn")
                .did("CORK 3 2 6 UNCORK");
    }

    @Test
    void slowPeer_nextMessageInTheQueue_isCorkedAnew() {
        corked.play("room:3 start flush:5 turn end turn start flush:6 turn room:2")
                .did("CORK 3 2 UNCORK CORK");
        corked.play("room:1000 end turn").did("6 UNCORK");
    }
}
