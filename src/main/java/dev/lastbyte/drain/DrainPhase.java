package dev.lastbyte.drain;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * The phases of a server's drain. A phase ends as soon as nothing is left to do in it, and always at the deadline of the drain. Only
 * {@link #ANNOUNCING} has a minimum. Immutable.
 */
public enum DrainPhase {
    /** No drain: the server serves. */
    READY,
    /**
     * Readiness is off and everything else goes on, so that load balancers stop sending traffic first. Lasts exactly {@code
     * announceDelay}. {@link GracefulCloseManager#cancelDrain()} leads back to {@link #READY}.
     */
    ANNOUNCING,
    /** The connections in the kernel's accept queues are accepted, then the listeners are closed. At most {@code acceptTimeout}. */
    STOP_ACCEPTING,
    /** The protocols get a {@link DrainEvent}; idle connections are closed, spread over {@code closeSpread}. */
    SHEDDING,
    /**
     * Busy connections finish their work and are closed as they become idle. The rest is closed when {@code gracePeriod} is over, for
     * long-lived connections {@code longLivedPeriod}.
     */
    FINISHING,
    /**
     * The deadline: connections that are still open are closed by force, and named in the report. Begins 40 µs per open connection
     * earlier, at most a twentieth of {@code drainTimeout}, so that it is over at the deadline.
     */
    FORCING,
    /** Everything is closed, or could not be closed; the report is out. */
    DRAINED;

    private static final Map<DrainPhase, Set<DrainPhase>> MOVES = new EnumMap<>(DrainPhase.class);

    static {
        MOVES.put(READY, EnumSet.of(ANNOUNCING));
        MOVES.put(ANNOUNCING, EnumSet.of(READY, STOP_ACCEPTING));
        MOVES.put(STOP_ACCEPTING, EnumSet.of(SHEDDING, FORCING));
        MOVES.put(SHEDDING, EnumSet.of(FINISHING, FORCING, DRAINED));
        MOVES.put(FINISHING, EnumSet.of(FORCING, DRAINED));
        MOVES.put(FORCING, EnumSet.of(DRAINED));
        MOVES.put(DRAINED, EnumSet.noneOf(DrainPhase.class));
    }

    /** Whether a server in this phase still accepts connections as before. */
    public boolean isAccepting() {
        return this == READY || this == ANNOUNCING;
    }

    boolean mayBecome(DrainPhase next) {
        Set<DrainPhase> moves = MOVES.get(this);
        return moves != null && moves.contains(next);
    }
}
