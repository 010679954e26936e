package dev.lastbyte;

/**
 * How long a close goes on reading that began without a TLS session. Nothing can be delivered then, so there is nothing to wait
 * for; but closing over unread input would reset the connection, and with it perhaps the alert that says why. What has arrived
 * is read first. A peer whose handshake was refused may have sent its first request already, and gets the quiet period to
 * read the alert. Confined to the channel's event loop.
 */
final class TlsHandshakeSweep {
    /** Long enough for a turn of the event loop, in which the transport reads what is there. */
    private static final long TURN_NANOS = 2_000_000;

    private final long quietNanos;
    private long limitNanos;
    private long sweptBytes;
    private long endNanos;

    /**
     * Begins now.
     *
     * @param refused whether the handshake has failed, rather than not been finished
     */
    TlsHandshakeSweep(boolean refused, long quietPeriodNanos, long now) {
        long longest = Math.max(quietPeriodNanos, TURN_NANOS);
        quietNanos = refused ? longest : TURN_NANOS;
        limitNanos = now + longest;
        endNanos = now + quietNanos;
    }

    /** Whether nothing more has come, or too much. */
    boolean isOver(long discardedBytes, boolean paused, long now) {
        if (paused || discardedBytes != sweptBytes) {
            sweptBytes = discardedBytes;
            endNanos = now + quietNanos;
        }
        return now - endNanos >= 0 || now - limitNanos >= 0;
    }

    /** The event loop could not read for so long. */
    void stoodStill(long nanos) {
        endNanos += nanos;
        limitNanos += nanos;
    }

    /** When to ask again. */
    long nextCheck() {
        return endNanos - limitNanos < 0 ? endNanos : limitNanos;
    }
}
