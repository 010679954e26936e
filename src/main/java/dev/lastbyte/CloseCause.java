package dev.lastbyte;

/** Why a connection's close ended when it did. Immutable. */
public enum CloseCause {
    /** The peer ended its side (FIN). */
    EOF('E'),
    /** Everything was acknowledged, as the strategy wanted to know. */
    ACKNOWLEDGED('A'),
    /** Everything was acknowledged and the peer had been silent for {@code quietPeriod}. */
    QUIET('q'),
    /** Everything was acknowledged, but the peer kept talking for {@code deliveredTimeout}. */
    TALKING('t'),
    /**
     * No byte came and none was acknowledged for {@code stallTimeout}; for {@code flushTimeout} where bytes are unacknowledged, or
     * may be.
     */
    STALLED('s'),
    /** The peer did not end its side within {@code eofTimeout} after our FIN. */
    EOF_TIMEOUT('e'),
    /** The whole sequence reached its absolute deadline, {@code closeTimeout}. */
    DEADLINE('c'),
    /** The peer sent more than {@code maxDiscardedBytes}. */
    BYTE_LIMIT('b'),
    /** Nothing left Netty's buffer for {@code flushTimeout}: the answer was cut. */
    FLUSH_STALLED('f'),
    /** A write failed while the answer was being flushed: the answer was cut. */
    WRITE_FAILED('W'),
    /** The peer reset the connection. */
    RESET('R'),
    /** The strategy waits for nothing after the last byte. */
    NOT_AWAITED('N'),
    /**
     * The TLS handshake was not done, or had failed, when {@code close()} arrived: nothing of the application's could have
     * reached the peer, so it was not waited for.
     */
    TLS_HANDSHAKE('T'),
    /** The channel cannot be half-closed (local, embedded, HTTP/2 stream): it was flushed and closed. */
    HALF_CLOSE_UNSUPPORTED('U'),
    /** {@link GracefulCloseHandler#closeNow} ended it. */
    FORCED('K'),
    /** {@link GracefulCloseHandler#abort} ended it, or {@code close()} with SO_LINGER set to 0 right before. */
    ABORTED('X'),
    /** The drain of the whole server reached its deadline, see {@link dev.lastbyte.drain.DrainPolicy#drainTimeout()}. */
    DRAIN_DEADLINE('d'),
    /**
     * More connections, or more bytes, were closing than {@link dev.lastbyte.drain.GracefulCloseManager.Builder#maxClosing} or {@link
     * dev.lastbyte.drain.GracefulCloseManager.Builder#maxClosingBytes} allow, and this close was the oldest.
     */
    EVICTED('v'),
    /** The handler was removed from the pipeline while it was closing the connection. */
    HANDLER_REMOVED('H'),
    /** The event loop was shut down: Netty closes its channels at once and cancels all timers. */
    EVENT_LOOP_SHUTDOWN('L'),
    /** The connection ended below the handler, without {@code close()}: the transport saw EOF or an error. */
    TRANSPORT('P'),
    /** The channel was never connected. */
    NOT_CONNECTED('C'),
    /** An unexpected error in the close sequence itself; see {@link CloseReport#failure()}. */
    ERROR('I');

    private final char letter;

    CloseCause(char letter) {
        this.letter = letter;
    }

    /** The first letter of {@link CloseReport#code()}: small for a limit that was reached, a capital for an event. */
    char letter() {
        return letter;
    }
}
