package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every pair of phases against the rules that the table must obey. */
class CloseSequencePhaseTest {
    @ParameterizedTest
    @EnumSource(CloseSequence.Phase.class)
    void phase_neverMovesBack(CloseSequence.Phase phase) {
        for (CloseSequence.Phase next : CloseSequence.Phase.values()) {
            boolean back = next.ordinal() <= phase.ordinal();
            assertFalse(back && phase.mayBecome(next), phase + " -> " + next);
        }
    }

    @ParameterizedTest
    @EnumSource(value = CloseSequence.Phase.class, mode = EnumSource.Mode.EXCLUDE, names = "CLOSED")
    void phase_canAlwaysEnd(CloseSequence.Phase phase) {
        assertTrue(phase.mayBecome(CloseSequence.Phase.CLOSED));
    }

    @Test
    void ending_isNeverLeftForAWait() {
        for (CloseSequence.Phase phase :
                EnumSet.of(CloseSequence.Phase.RESETTING, CloseSequence.Phase.CLOSING, CloseSequence.Phase.CLOSED)) {
            assertTrue(phase.isEnding());
            for (CloseSequence.Phase next : CloseSequence.Phase.values()) {
                assertEquals(
                        next == CloseSequence.Phase.CLOSED && phase != CloseSequence.Phase.CLOSED,
                        phase.mayBecome(next));
            }
        }
    }

    @Test
    void wait_isNotEnding() {
        for (CloseSequence.Phase phase : EnumSet.range(CloseSequence.Phase.OPEN, CloseSequence.Phase.LINGERING)) {
            assertFalse(phase.isEnding(), phase.name());
        }
    }
}
