package dev.lastbyte.drain;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * Where the drain of a server stands. A phase ends as soon as nothing is left to do in it, and always at the deadline of the
 * drain; only {@link #ANNOUNCING} has a minimum. Immutable.
 */
public enum DrainPhase {
    /** No drain: the server serves. */
    READY,
    /**
     * Readiness is off, everything else goes on, so that load balancers can look away first. Lasts exactly {@code
     * announceDelay}; {@link GracefulCloseManager#cancelDrain()} leads back to {@link #READY}.
     */
    ANNOUNCING,
    /** What the kernel has accepted is taken over, then the listeners are closed. At most {@code acceptTimeout}. */
    STOP_ACCEPTING,
    /** The protocols have heard {@link DrainEvent}; idle connections are closed, spread over {@code closeSpread}. */
    SHEDDING,
    /**
     * Busy connections finish what they do and are closed as they become idle; the rest when {@code gracePeriod}, for
     * long-lived ones {@code longLivedPeriod}, is over.
     */
    FINISHING,
    /**
     * The deadline has come: what is still open is ended at once, each counted and named. Begins 20 µs per open connection
     * earlier, at most a twentieth of {@code drainTimeout}, so that it is over at the deadline.
     */
    FORCING,
    /** Nothing is open any more, or it could not be ended; the report is out. */
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

    /** Whether a server in this phase still takes new connections as before, apart from its readiness. */
    public boolean isAccepting() {
        return this == READY || this == ANNOUNCING;
    }

    boolean mayBecome(DrainPhase next) {
        Set<DrainPhase> moves = MOVES.get(this);
        return moves != null && moves.contains(next);
    }
}
