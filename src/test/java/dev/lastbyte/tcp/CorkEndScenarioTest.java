package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.FrozenHandlers;
import dev.lastbyte.testing.NoWarnings;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the corking handler leaves behind when it is closed, removed or deregistered while it holds bytes back. */
@ExtendWith(NoWarnings.class)
class CorkEndScenarioTest {
    private final CorkedConnection corked = CorkedConnection.withCork();

    // ---- closed ----------------------------------------------------------------------------------------------------

    @Test
    void close_inTheMiddleOfAMessage_uncorksBeforeTheFin() {
        corked.channel.pipeline().addFirst(FrozenHandlers.on(corked.system));
        corked.play("start flush:5 turn flush:6 close turn").did("CORK 5 6 UNCORK FIN");
        corked.play("fin");
        assertFalse(corked.channel.isOpen());
    }

    @Test
    void close_withoutGracefulClose_sendsWhatWasFlushed() {
        CorkedConnection.withoutCork()
                .play("start flush:5 close")
                .did("5 CLOSE")
                .play("turn");
    }

    /** The close stands between: a barrier that is written now fails at once. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // it spun
    void slowPeer_gracefulCloseWithMoreQueued_corksNoMore_andTheFinGoesWithoutCork() {
        CorkedConnection slow = CorkedConnection.withCorkAndGracefulClose();
        slow.play("room:3 start flush:5 turn end turn flush:6 turn close room:2 room:1 room:1000");
        List<String> log = slow.channel.log();
        assertEquals(1, Collections.frequency(log, "TCP_CORK 1"), log::toString);
        assertEquals(1, Collections.frequency(log, "TCP_CORK 0"), log::toString);
        assertTrue(log.indexOf("TCP_CORK 0") < log.indexOf("FIN"), log::toString);
        slow.play("fin");
        assertFalse(slow.channel.isOpen());
    }

    @Test
    void transportCloses_whileCorked_leavesNothingBehind() {
        corked.play("start flush:5 turn fin").did("CORK 5 CLOSE");
        assertNoTimer();
    }

    // ---- removed ---------------------------------------------------------------------------------------------------

    @Test
    void removal_whileHeld_sendsAndUncorks() {
        corked.play("start flush:5 turn flush:6 remove").did("CORK 5 6 UNCORK");
        corked.play("turn");
        assertNoTimer();
    }

    @Test
    void removal_whileTheQueueEmpties_leavesNoCork() {
        corked.play("room:3 start flush:5 turn remove flush:6 room:2 room:1000").did("CORK 3 2 UNCORK CORK 6 UNCORK");
    }

    @Test
    void deregistration_whileHeld_sendsFirst() {
        CorkedConnection bare = CorkedConnection.withoutCork().play("start flush:5");
        bare.channel.pipeline().deregister();
        bare.did("5");
    }

    private void assertNoTimer() {
        assertEquals(-1, corked.channel.runScheduledPendingTasks(), "a timer is left");
    }
}
