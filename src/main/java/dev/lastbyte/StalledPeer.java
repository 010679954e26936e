package dev.lastbyte;

/** What becomes of bytes that the peer has not acknowledged when the wait for it is over. Immutable. */
public enum StalledPeer {
    /**
     * The socket is closed and the kernel goes on sending: the peer may still get everything. {@code TCP_USER_TIMEOUT}
     * bounds how long the kernel tries without progress, where the transport can set it (epoll, io_uring); elsewhere the
     * system's own limits hold. The default.
     */
    LEAVE_TO_KERNEL,

    /**
     * The connection is reset, which frees the kernel's send queue at once; the unacknowledged bytes are lost. Takes effect
     * where the kernel can be asked (epoll, io_uring): elsewhere nobody knows whether bytes are left.
     */
    RESET
}
