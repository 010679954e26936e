package dev.lastbyte;

/**
 * What happens when the peer ends its side first (sends FIN) while this side has not closed: {@code printf … | nc -N},
 * HTTP/1.0 scripts and many RPC clients do so after their request. Immutable.
 */
public enum PeerHalfClose {
    /**
     * Output that is pending when the FIN arrives is still sent, and so are the answers of an open exchange ({@link
     * GracefulCloseHandler#exchangeStarted}) or of the time set by {@link
     * GracefulCloseConfig.Builder#peerHalfCloseGrace}; then the connection closes gracefully. With nothing pending it ends
     * at once. The default.
     */
    FINISH_WRITES,

    /** Netty's own way: the transport closes the connection at the FIN, and what is pending or comes later is lost. */
    CLOSE_NOW
}
