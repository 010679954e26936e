package dev.lastbyte.drain;

import dev.lastbyte.CloseOutcome;
import dev.lastbyte.drain.LoopCounters.Count;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * How far a drain has come. Each event loop updates its part several times a second, so the figures of one progress may be a tenth of a
 * second apart. Immutable.
 */
public final class DrainProgress {
    private final DrainPhase phase;
    private final long open;
    private final long busy;
    private final long closing;
    private final LoopCounters.Totals during;
    private final long forced;
    private final long timeLeftNanos;
    private final List<OpenConnection> blockers;

    DrainProgress(
            DrainPhase phase,
            LoopCounters.Totals before,
            LoopCounters.Totals now,
            long forced,
            long timeLeftNanos,
            List<OpenConnection> blockers) {
        this.phase = phase;
        open = now.open();
        closing = now.of(Count.CLOSING);
        busy = phase.isAccepting() ? now.of(Count.IN_EXCHANGE) : open - now.of(Count.IDLE) - closing;
        during = now.since(before);
        this.forced = forced;
        this.timeLeftNanos = timeLeftNanos;
        this.blockers = List.copyOf(blockers);
    }

    /** The phase. */
    public DrainPhase phase() {
        return phase;
    }

    /** Connections that are open, including those whose close sequence runs. */
    public long open() {
        return open;
    }

    /**
     * Connections that are at work. Before {@link DrainPhase#SHEDDING} those with an open exchange; from then on all that are neither idle
     * nor closing, including long-lived ones.
     */
    public long busy() {
        return busy;
    }

    /** Connections whose close has been asked for, or whose close sequence runs. */
    public long closing() {
        return closing;
    }

    /** Connections that closed since {@code drain()}, by outcome; every outcome is a key. */
    public Map<CloseOutcome, Long> closed() {
        return during.closed();
    }

    /** How many connections have closed since {@code drain()}, whatever the outcome. */
    public long allClosed() {
        return during.allClosed();
    }

    /** Connections that were closed by force at the deadline. */
    public long forced() {
        return forced;
    }

    /** Time until the deadline; zero when it has passed. */
    public Duration timeLeft() {
        return Duration.ofNanos(Math.max(0, timeLeftNanos));
    }

    /**
     * The oldest open connections as their event loops saw them last, oldest first, at most {@link DrainPolicy#maxBlockers()}. They are
     * searched among those that have been longest in each state. One of them may have closed since.
     */
    public List<OpenConnection> blockers() {
        return blockers;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(160)
                .append(phase)
                .append(", ")
                .append(open)
                .append(" open (")
                .append(busy)
                .append(" busy, ")
                .append(closing)
                .append(" closing), ")
                .append(during.closedText())
                .append(", ")
                .append(forced)
                .append(" forced, ")
                .append(timeLeft().toMillis())
                .append(" ms left");
        if (!blockers.isEmpty()) {
            text.append("; oldest: ").append(blockers.get(0));
        }
        return text.toString();
    }
}
