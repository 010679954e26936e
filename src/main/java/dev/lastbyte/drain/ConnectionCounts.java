package dev.lastbyte.drain;

import dev.lastbyte.CloseOutcome;
import dev.lastbyte.drain.LoopCounters.Count;
import java.util.Collection;
import java.util.Map;

/**
 * The figures of all event loops, read once: what is derived from one reading adds up. Immutable.
 *
 * @param opened connections that have ever been opened
 * @param released those whose handler was removed
 * @param closed those that have ended, by outcome
 * @param interrupted those that were closed at the end of their time with an exchange open
 * @param refused requests that were not served and whose sender knows that
 * @param lost requests that were not served, or not to the end, and whose sender cannot know that
 * @param idle open ones that wait for their turn to be closed
 * @param closing open ones whose close has been asked for or runs
 * @param inExchange open ones with an open exchange
 */
record ConnectionCounts(
        long opened,
        long released,
        Map<CloseOutcome, Long> closed,
        long interrupted,
        long refused,
        long lost,
        long idle,
        long closing,
        long inExchange) {
    /** Reads ends before beginnings: so nothing ends that has not begun. */
    static ConnectionCounts read(Collection<LoopCounters> loops) {
        Map<CloseOutcome, Long> closed = LoopCounters.noOutcomes();
        loops.forEach(loop -> loop.addOutcomes(closed));
        long released = sum(loops, Count.RELEASED);
        long interrupted = sum(loops, Count.INTERRUPTED);
        long refused = sum(loops, Count.REFUSED);
        long lost = sum(loops, Count.LOST);
        long idle = sum(loops, Count.IDLE);
        long closing = sum(loops, Count.CLOSING);
        long inExchange = sum(loops, Count.IN_EXCHANGE);
        return new ConnectionCounts(
                sum(loops, Count.OPENED), released, closed, interrupted, refused, lost, idle, closing, inExchange);
    }

    private static long sum(Collection<LoopCounters> loops, Count count) {
        return loops.stream().mapToLong(loop -> loop.read(count)).sum();
    }

    /** Connections that are open, closing ones included. */
    long open() {
        return opened - released - ended();
    }

    /** Connections that have ended, with a report. */
    long ended() {
        return DrainReport.sum(closed);
    }

    /** How many have ended by each outcome since an earlier reading. */
    Map<CloseOutcome, Long> closedSince(ConnectionCounts before) {
        Map<CloseOutcome, Long> since = LoopCounters.noOutcomes();
        closed.forEach((outcome, count) -> since.put(outcome, count - before.closed.getOrDefault(outcome, 0L)));
        return since;
    }
}
