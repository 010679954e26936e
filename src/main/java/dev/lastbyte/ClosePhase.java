package dev.lastbyte;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** Where a connection's close sequence stands, with the table of legal moves. Immutable. */
enum ClosePhase {
    /** {@code close()} has arrived; the sequence has not started. */
    OPEN,
    /** Waiting until everything written is in the kernel. */
    FLUSHING,
    /** The last byte is in the kernel; SHUT_WR is under way. */
    HALF_CLOSING,
    /** Our FIN is queued; input is read and dropped until EOF or a limit. */
    DISCARDING,
    /** Waiting for the peer's acknowledgements, without reading. */
    LINGERING,
    /** SO_LINGER is 0 and the close is under way: the peer gets RST. */
    RESETTING,
    /** The plain close is under way. */
    CLOSING,
    /** The channel is closed and the report is out. */
    CLOSED;

    private static final Map<ClosePhase, Set<ClosePhase>> MOVES = new EnumMap<>(ClosePhase.class);

    static {
        MOVES.put(OPEN, EnumSet.of(FLUSHING, RESETTING, CLOSING, CLOSED));
        MOVES.put(FLUSHING, EnumSet.of(HALF_CLOSING, DISCARDING, LINGERING, RESETTING, CLOSING, CLOSED));
        MOVES.put(HALF_CLOSING, EnumSet.of(DISCARDING, LINGERING, RESETTING, CLOSING, CLOSED));
        MOVES.put(DISCARDING, EnumSet.of(LINGERING, RESETTING, CLOSING, CLOSED));
        MOVES.put(LINGERING, EnumSet.of(RESETTING, CLOSING, CLOSED));
        MOVES.put(RESETTING, EnumSet.of(CLOSED));
        MOVES.put(CLOSING, EnumSet.of(CLOSED));
        MOVES.put(CLOSED, EnumSet.noneOf(ClosePhase.class));
    }

    boolean mayBecome(ClosePhase next) {
        Set<ClosePhase> moves = MOVES.get(this);
        return moves != null && moves.contains(next);
    }

    /** Whether the end has been decided: nothing that the peer does now changes it. */
    boolean isEnding() {
        return this == RESETTING || this == CLOSING || this == CLOSED;
    }
}
