package dev.lastbyte;

/**
 * What a close does once everything written has been handed to the kernel: which of the documented ways to close a TCP
 * connection is used.
 *
 * <p>Every strategy first flushes what was written, discarding input meanwhile, within {@code flushTimeout}. They
 * differ in what follows. Immutable.
 */
public enum CloseStrategy {
    /**
     * Wait until the peer's TCP has acknowledged everything, then close: the promise of {@code SO_LINGER(n)} without
     * blocking a thread, where <i>n</i> is {@code eofTimeout} (a peer that makes no progress ends it after {@code
     * flushTimeout}). Input is not read while waiting, so a peer that writes all it has before it reads gets a cut
     * answer. Where the kernel cannot be asked (NIO) it closes after the flush.
     */
    LINGER(false, false, true),

    /**
     * {@code shutdown(SHUT_WR)}, then close at once. Cheap, and right when the protocol forbids the peer to send anything
     * more; any byte that arrives later resets the connection and may cut the answer.
     */
    HALF_CLOSE(true, false, false),

    /** {@code shutdown(SHUT_WR)}, then read and discard until EOF within the limits, then close. */
    DRAIN(true, true, false),

    /**
     * {@code shutdown(SHUT_WR)}, then wait until the peer's TCP has acknowledged everything, the FIN included, without
     * reading, then close. Where the kernel cannot be asked (NIO) it is the same as {@link #HALF_CLOSE}.
     */
    HALF_CLOSE_LINGER(true, false, true),

    /**
     * The whole sequence, and the default: {@code shutdown(SHUT_WR)}, read and discard until EOF within the limits while
     * the kernel is asked how much the peer's TCP has acknowledged, let a silent peer go as soon as it has everything,
     * wait after an early EOF until everything is acknowledged, then close.
     */
    FULL(true, true, true);

    private final boolean halfCloses;
    private final boolean discards;
    private final boolean awaitsDelivery;

    CloseStrategy(boolean halfCloses, boolean discards, boolean awaitsDelivery) {
        this.halfCloses = halfCloses;
        this.discards = discards;
        this.awaitsDelivery = awaitsDelivery;
    }

    boolean halfCloses() {
        return halfCloses;
    }

    boolean discards() {
        return discards;
    }

    boolean awaitsDelivery() {
        return awaitsDelivery;
    }
}
