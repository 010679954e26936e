package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.drain.LoopShedding.EvenSpread;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The moments at which closes are due. */
class LoopSheddingTest {
    private static List<Long> moments(EvenSpread spread, int count) {
        List<Long> due = new ArrayList<>();
        long last = spread.startNanos();
        for (int waiting = count; waiting > 0; waiting--) {
            last = spread.next(last, waiting);
            due.add(last);
        }
        return due;
    }

    @Test
    void many_areSpreadEvenly() {
        assertEquals(List.of(120L, 140L, 160L, 180L), moments(new EvenSpread(100, 200), 4));
    }

    @Test
    void one_comesInTheMiddle() {
        assertEquals(List.of(150L), moments(new EvenSpread(100, 200), 1));
    }

    @Test
    void noSpan_isAtOnce() {
        assertEquals(List.of(100L, 100L, 100L), moments(new EvenSpread(100, 100), 3));
    }

    @Test
    void clockNearItsOverflow_isSpreadTheSame() {
        EvenSpread spread = new EvenSpread(Long.MAX_VALUE - 50, Long.MIN_VALUE + 49);
        assertEquals(List.of(Long.MAX_VALUE - 25, Long.MAX_VALUE, Long.MIN_VALUE + 24), moments(spread, 3));
    }

    @Test
    void lateJoiner_sharesWhatIsLeft() {
        EvenSpread spread = new EvenSpread(0, 100);
        assertEquals(50, spread.next(0, 1));
        assertEquals(75, spread.next(50, 1));
        assertEquals(100, spread.next(100, 1));
        assertEquals(130, spread.next(130, 7));
    }
}
