package dev.lastbyte.demo.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

/** The queue of the delay box, with time as plain numbers. */
class DelayLineTest {
    private static final long DELAY = 10_000;

    private final DelayLine line = new DelayLine(DELAY, 3);

    @Test
    void due_beforeTheDelayIsOver_none() {
        send(100, 0);
        assertEquals(DelayLine.NONE, line.due(DELAY - 1));
        assertEquals(1, line.nanosUntilDue(DELAY - 1));
    }

    @Test
    void due_exactlyAfterTheDelay_theSlotWithItsLength() {
        int slot = send(100, 0);
        assertEquals(slot, line.due(DELAY));
        assertEquals(100, line.length(slot));
    }

    @Test
    void due_severalPackets_inOrderEachAtItsTime() {
        int first = send(1, 0);
        int second = send(2, 5);
        assertEquals(first, line.due(DELAY));
        line.empty();
        assertEquals(DelayLine.NONE, line.due(DELAY + 4));
        assertEquals(second, line.due(DELAY + 5));
        line.empty();
        assertEquals(DelayLine.NONE, line.due(1_000_000));
    }

    @Test
    void due_notEmptied_staysTheSame() {
        int slot = send(1, 0);
        assertEquals(slot, line.due(DELAY));
        assertEquals(slot, line.due(DELAY + 1));
    }

    @Test
    void nanosUntilDue_nothingUnderWay_theWholeDelay() {
        assertEquals(DELAY, line.nanosUntilDue(123));
    }

    @Test
    void claim_allSlotsTaken_noneUntilOneIsEmptied() {
        int oldest = send(1, 0);
        send(1, 0);
        send(1, 0);
        assertEquals(DelayLine.NONE, line.claim());
        assertNotEquals(DelayLine.NONE, line.due(DELAY));
        line.empty();
        assertEquals(oldest, line.claim());
    }

    @Test
    void claim_notFilled_givesTheSameSlotAndNothingIsDue() {
        assertEquals(line.claim(), line.claim());
        assertEquals(DelayLine.NONE, line.due(1_000_000));
    }

    @Test
    void fill_manyRounds_slotsAreReusedInOrder() {
        for (int i = 0; i < 20; i++) {
            int slot = send(i, i);
            assertEquals(slot, line.due(DELAY + i));
            assertEquals(i, line.length(slot));
            line.empty();
        }
    }

    @Test
    void due_clockNearOverflow_stillCompares() {
        long now = Long.MAX_VALUE - 1;
        int slot = send(1, now);
        assertEquals(DelayLine.NONE, line.due(now));
        assertEquals(slot, line.due(now + DELAY));
    }

    private int send(int length, long nowNanos) {
        int slot = line.claim();
        line.fill(length, nowNanos);
        return slot;
    }
}
