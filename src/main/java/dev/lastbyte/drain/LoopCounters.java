package dev.lastbyte.drain;

import dev.lastbyte.CloseOutcome;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One event loop's figures, written by it alone and readable from any thread: each figure is exact, several read together may
 * be moments apart.
 */
final class LoopCounters {
    /** What is counted besides outcomes. */
    enum Count {
        /** Connections that have ever been opened. */
        OPENED,
        /** Connections that have left without a report: their handler was removed. */
        RELEASED,
        /** Connections that wait for their turn to be closed. */
        IDLE,
        /** Connections whose close has been asked for or runs. */
        CLOSING,
        /** Connections that were closed at the end of their time with an exchange open. */
        INTERRUPTED,
        /** Requests that were not served and whose sender knows that. */
        REFUSED,
        /** Requests that were not served, or not to the end, and whose sender cannot know that. */
        LOST,
        /** Connections with an open exchange. */
        IN_EXCHANGE
    }

    private final Map<Count, AtomicLong> counts = new EnumMap<>(Count.class);
    private final Map<CloseOutcome, AtomicLong> outcomes = new EnumMap<>(CloseOutcome.class);

    LoopCounters() {
        for (Count count : Count.values()) {
            counts.put(count, new AtomicLong());
        }
        for (CloseOutcome outcome : CloseOutcome.values()) {
            outcomes.put(outcome, new AtomicLong());
        }
    }

    /** On the event loop only. */
    void add(Count count, long change) {
        AtomicLong value = of(count);
        value.setRelease(value.getPlain() + change); // one writer
    }

    /** On the event loop only. */
    void set(Count count, long value) {
        of(count).setRelease(value);
    }

    /** On the event loop only. */
    void ended(CloseOutcome outcome) {
        AtomicLong value = Objects.requireNonNull(outcomes.get(outcome));
        value.setRelease(value.getPlain() + 1);
    }

    /** Takes over the figures of an event loop that has terminated. */
    void addAll(LoopCounters others) {
        for (Count count : Count.values()) {
            add(count, others.read(count));
        }
        others.outcomes.forEach((outcome, value) -> {
            AtomicLong sum = Objects.requireNonNull(outcomes.get(outcome));
            sum.setRelease(sum.getPlain() + value.getAcquire());
        });
    }

    long read(Count count) {
        return of(count).getAcquire();
    }

    /** Connections that have ended, with a report. */
    long ended() {
        return outcomes.values().stream().mapToLong(AtomicLong::getAcquire).sum();
    }

    /** Adds the outcomes of this loop to the sums. */
    void addOutcomes(Map<CloseOutcome, Long> sums) {
        outcomes.forEach((outcome, value) -> sums.merge(outcome, value.getAcquire(), Long::sum));
    }

    static Map<CloseOutcome, Long> noOutcomes() {
        Map<CloseOutcome, Long> none = new EnumMap<>(CloseOutcome.class);
        for (CloseOutcome outcome : CloseOutcome.values()) {
            none.put(outcome, 0L);
        }
        return none;
    }

    private AtomicLong of(Count count) {
        return Objects.requireNonNull(counts.get(count));
    }
}
