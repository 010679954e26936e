package dev.lastbyte.demo.link;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The bookkeeping of one direction of a slow wire: numbered slots that are filled at one end and become due a fixed delay
 * later at the other, in order. It holds no packets and reads no clock; the owner keeps the slots' bytes and passes the
 * time. When all slots are taken, {@link #claim} refuses and the owner drops the packet, as a full router does.
 *
 * <p>Thread-safe for one filling and one emptying thread.
 */
final class DelayLine {
    /** What {@link #claim} and {@link #due} answer when there is no slot. */
    static final int NONE = -1;

    private final long delayNanos;
    private final int capacity;
    private final int[] lengths;
    private final long[] dueNanos;
    private final AtomicLong filled = new AtomicLong();
    private final AtomicLong emptied = new AtomicLong();

    DelayLine(long delayNanos, int capacity) {
        this.delayNanos = delayNanos;
        this.capacity = capacity;
        lengths = new int[capacity];
        dueNanos = new long[capacity];
    }

    /** The slot to fill next, or {@link #NONE} if all wait to be emptied. Claiming twice gives the same slot. */
    int claim() {
        long next = filled.get();
        return next - emptied.get() == capacity ? NONE : (int) (next % capacity);
    }

    /** Hands the claimed slot, filled with {@code length} bytes, to the other end. */
    void fill(int length, long nowNanos) {
        long next = filled.get();
        int slot = (int) (next % capacity);
        lengths[slot] = length;
        dueNanos[slot] = nowNanos + delayNanos;
        // publishes the two plain writes above
        filled.set(next + 1);
    }

    /** The oldest slot if its time has come, or {@link #NONE}. */
    int due(long nowNanos) {
        return nanosUntilDue(nowNanos) <= 0 ? (int) (emptied.get() % capacity) : NONE;
    }

    /** The number of bytes in a slot. */
    int length(int slot) {
        return lengths[slot];
    }

    /** Gives the oldest slot back for filling. */
    void empty() {
        emptied.set(emptied.get() + 1);
    }

    /**
     * How long the emptying thread may sleep: until the oldest slot is due, or the whole delay if nothing is under way,
     * since nothing that comes meanwhile can be due earlier.
     */
    long nanosUntilDue(long nowNanos) {
        long oldest = emptied.get();
        return oldest == filled.get() ? delayNanos : dueNanos[(int) (oldest % capacity)] - nowNanos;
    }
}
