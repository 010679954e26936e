package dev.lastbyte;

/**
 * How much is known about what the peer received when a connection ended, from surest to worst. An outcome never claims
 * more than was observed on this side. Immutable.
 */
public enum CloseOutcome {
    /**
     * Everything written, and our FIN, had been acknowledged by the peer's TCP when its own FIN was read, and that FIN had
     * not arrived before ours was sent. The best that TCP alone can tell; only an answer of the peer's application would
     * say more.
     */
    PEER_CLOSED(true),

    /**
     * Everything written was acknowledged by the peer's TCP (or, on a Unix domain socket, lies in the peer's receive
     * queue); the peer's application had not ended its side when we closed, or has reset the connection since ({@link
     * CloseCause#RESET}).
     */
    DELIVERED(true),

    /**
     * Nothing is known to be lost, but the peer's acknowledgement could not be, or was not, seen: NIO cannot ask the
     * kernel, some strategies do not wait, and a transport that closes by itself does not ask.
     */
    UNCONFIRMED(false),

    /**
     * Bytes are known to be missing. Either they never reached the kernel, because the transport or the event loop closed the
     * channel: then {@link CloseReport#unsentBytes()} counts them, and they are lost. Or the wait ended while bytes were
     * unacknowledged: they were left to the kernel, which goes on sending for a bounded time, so the peer may still get
     * everything, unless it goes on talking, in which case the kernel resets the connection.
     */
    UNDELIVERED(false),

    /**
     * The peer reset the connection, or the kernel gave the connection up, and not everything is known to have been acknowledged
     * before. Bytes may be lost.
     */
    RESET_BY_PEER(false),

    /** This side reset the connection on purpose, so that cut data does not look like a complete answer. */
    ABORTED(false);

    private final boolean delivered;

    CloseOutcome(boolean delivered) {
        this.delivered = delivered;
    }

    /** Whether everything written is known to have reached the peer's TCP. */
    public boolean isDelivered() {
        return delivered;
    }
}
