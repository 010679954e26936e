package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every pair of phases against the rules that the table must obey. */
class ClosePhaseTest {
    @ParameterizedTest
    @EnumSource(ClosePhase.class)
    void phase_neverMovesBack(ClosePhase phase) {
        for (ClosePhase next : ClosePhase.values()) {
            boolean back = next.ordinal() <= phase.ordinal();
            assertFalse(back && phase.mayBecome(next), phase + " -> " + next);
        }
    }

    @ParameterizedTest
    @EnumSource(value = ClosePhase.class, mode = EnumSource.Mode.EXCLUDE, names = "CLOSED")
    void phase_canAlwaysEnd(ClosePhase phase) {
        assertTrue(phase.mayBecome(ClosePhase.CLOSED));
    }

    @Test
    void ending_isNeverLeftForAWait() {
        for (ClosePhase phase : EnumSet.of(ClosePhase.RESETTING, ClosePhase.CLOSING, ClosePhase.CLOSED)) {
            assertTrue(phase.isEnding());
            for (ClosePhase next : ClosePhase.values()) {
                assertEquals(next == ClosePhase.CLOSED && phase != ClosePhase.CLOSED, phase.mayBecome(next));
            }
        }
    }

    @Test
    void wait_isNotEnding() {
        for (ClosePhase phase : EnumSet.range(ClosePhase.OPEN, ClosePhase.LINGERING)) {
            assertFalse(phase.isEnding(), phase.name());
        }
    }
}
