package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every pair of phases against the rules that the table must obey. */
class DrainPhaseTest {
    @ParameterizedTest
    @EnumSource(DrainPhase.class)
    void phase_neverMovesBack_exceptToServeOn(DrainPhase phase) {
        for (DrainPhase next : DrainPhase.values()) {
            boolean back = next.ordinal() <= phase.ordinal();
            boolean undo = phase == DrainPhase.ANNOUNCING && next == DrainPhase.READY;
            assertTrue(!back || phase.mayBecome(next) == undo, phase + " -> " + next);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DrainPhase.class,
            names = {"STOP_ACCEPTING", "SHEDDING", "FINISHING"})
    void phase_withADeadline_mayBeForced(DrainPhase phase) {
        assertTrue(phase.mayBecome(DrainPhase.FORCING));
    }

    @Test
    void announcing_isNeverForced() {
        assertFalse(DrainPhase.ANNOUNCING.mayBecome(DrainPhase.FORCING));
    }

    @Test
    void listeners_areStoppedBeforeAnythingIsShed() {
        for (DrainPhase phase : DrainPhase.values()) {
            assertEquals(
                    phase == DrainPhase.STOP_ACCEPTING, phase.mayBecome(DrainPhase.SHEDDING), phase + " -> SHEDDING");
        }
    }

    @Test
    void accepting_isTheServerThatServes() {
        EnumSet<DrainPhase> accepting = EnumSet.noneOf(DrainPhase.class);
        for (DrainPhase phase : DrainPhase.values()) {
            if (phase.isAccepting()) {
                accepting.add(phase);
            }
        }
        assertEquals(EnumSet.of(DrainPhase.READY, DrainPhase.ANNOUNCING), accepting);
    }
}
