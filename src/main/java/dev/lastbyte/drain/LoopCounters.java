package dev.lastbyte.drain;

import dev.lastbyte.CloseOutcome;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One event loop's figures, written by it alone and readable from any thread. Each figure is exact; several that are read together may
 * be moments apart.
 */
final class LoopCounters {
    /** What is counted besides outcomes. What has begun is read after what has ended, so it comes last. */
    enum Count {
        /** Connections that have left without a report: their handler was removed. */
        RELEASED,
        /** Connections that wait for their turn to be closed. */
        IDLE,
        /** Connections whose close has been asked for or runs. */
        CLOSING,
        /** Connections that were closed at the end of their time with an exchange open. */
        INTERRUPTED,
        /** Connections that were closed although their peers spoke last. */
        POSSIBLY_UNANSWERED,
        /** Connections that were closed although nobody knows who spoke last. */
        UNJUDGED,
        /** Requests that were not served and whose sender knows that. */
        REFUSED,
        /** Requests that were not served, or not to the end, and whose sender cannot know that. */
        LOST,
        /** Exchanges that ended during a drain, on connections whose peers have acknowledged everything. */
        ACKNOWLEDGED,
        /** Exchanges that ended while their connections were open. */
        ANSWERED,
        /** Accepted connections that are not in their close sequence. */
        SERVING,
        /** Connections with an open exchange. */
        IN_EXCHANGE,
        /** Connections that have ever been opened. */
        OPENED
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
        add(of(count), change);
    }

    /** On the event loop only. */
    void set(Count count, long value) {
        of(count).setRelease(value);
    }

    /** A connection is closed. On the event loop only. */
    void closed(CloseOutcome outcome) {
        add(of(outcome), 1);
    }

    /** Takes over the figures of an event loop that has terminated. */
    void addAll(LoopCounters others) {
        others.counts.forEach((count, value) -> add(of(count), value.getAcquire()));
        others.outcomes.forEach((outcome, value) -> add(of(outcome), value.getAcquire()));
    }

    /** How many accepted connections are not in their close sequence. */
    long serving() {
        return of(Count.SERVING).getAcquire();
    }

    /** How many connections are open, closing ones included. */
    long open() {
        long closed =
                outcomes.values().stream().mapToLong(AtomicLong::getAcquire).sum();
        long released = of(Count.RELEASED).getAcquire();
        return of(Count.OPENED).getAcquire() - released - closed;
    }

    private static void add(AtomicLong value, long change) {
        value.setRelease(value.getPlain() + change); // one writer
    }

    private AtomicLong of(Count count) {
        return Objects.requireNonNull(counts.get(count));
    }

    private AtomicLong of(CloseOutcome outcome) {
        return Objects.requireNonNull(outcomes.get(outcome));
    }

    /**
     * The figures of all event loops, read once: what is derived from one reading adds up. Immutable.
     *
     * @param closed connections that are closed, by outcome; every outcome is a key
     * @param counts everything else
     */
    record Totals(Map<CloseOutcome, Long> closed, Map<Count, Long> counts) {
        /** Reads ends before beginnings, so nothing ends that has not begun. */
        static Totals read(Collection<LoopCounters> loops) {
            Map<CloseOutcome, Long> closed = new EnumMap<>(CloseOutcome.class);
            Map<Count, Long> counts = new EnumMap<>(Count.class);
            for (CloseOutcome outcome : CloseOutcome.values()) {
                closed.put(outcome, sum(loops.stream().map(loop -> loop.of(outcome))));
            }
            for (Count count : Count.values()) {
                counts.put(count, sum(loops.stream().map(loop -> loop.of(count))));
            }
            return new Totals(Collections.unmodifiableMap(closed), counts);
        }

        private static long sum(Stream<AtomicLong> values) {
            return values.mapToLong(AtomicLong::getAcquire).sum();
        }

        long of(Count count) {
            return counts.getOrDefault(count, 0L);
        }

        /** What has changed since an earlier reading. */
        Totals since(Totals before) {
            return new Totals(
                    Collections.unmodifiableMap(difference(closed, before.closed)), difference(counts, before.counts));
        }

        private static <K extends Enum<K>> Map<K, Long> difference(Map<K, Long> now, Map<K, Long> before) {
            Map<K, Long> difference = new EnumMap<>(now);
            difference.replaceAll((key, value) -> value - before.getOrDefault(key, 0L));
            return difference;
        }

        /** How many connections are open, closing ones included. */
        long open() {
            return of(Count.OPENED) - of(Count.RELEASED) - allClosed();
        }

        /** How many connections are closed, with a report. */
        long allClosed() {
            return closed.values().stream().mapToLong(Long::longValue).sum();
        }

        /** How many connections are closed, and with which outcomes, as reports print it. */
        String closedText() {
            String outcomes = closed.entrySet().stream()
                    .filter(count -> count.getValue() > 0)
                    .map(count -> count.getValue() + " " + count.getKey())
                    .collect(Collectors.joining(", "));
            return allClosed() + " closed" + (outcomes.isEmpty() ? "" : " (" + outcomes + ")");
        }
    }
}
