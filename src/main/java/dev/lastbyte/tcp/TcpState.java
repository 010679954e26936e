package dev.lastbyte.tcp;

import java.util.Optional;

/**
 * The state of a TCP connection (RFC 9293 section 3.3.2), with the kernel's names and numbers (tcp_states.h). Immutable.
 */
public enum TcpState {
    /** Both sides may send. */
    ESTABLISHED(1),
    /** This side has asked for a connection. */
    SYN_SENT(2),
    /** This side has answered the peer's request for a connection. */
    SYN_RECV(3),
    /** This side has ended its output; the peer has not acknowledged all of it and the FIN. */
    FIN_WAIT1(4),
    /** The peer's TCP has acknowledged all output and the FIN; the peer has not ended its own side. */
    FIN_WAIT2(5),
    /** Both sides have ended their output in order. */
    TIME_WAIT(6),
    /** The connection is over: both sides have ended it, or it was reset, or the kernel gave it up. */
    CLOSE(7),
    /** The peer has ended its side; this side has not. */
    CLOSE_WAIT(8),
    /** The peer had ended its side first; this side has too, and the peer has not acknowledged all of it. */
    LAST_ACK(9),
    /** A listener. */
    LISTEN(10),
    /** Both sides have ended at the same time; the peer has not acknowledged all of our output. */
    CLOSING(11);

    private static final TcpState[] ALL = values();

    private final int number;

    TcpState(int number) {
        this.number = number;
    }

    /** The state with the kernel's number, or empty for an unknown number. */
    static Optional<TcpState> of(int number) {
        TcpState candidate = number >= 1 && number <= ALL.length ? ALL[number - 1] : null;
        return candidate != null && candidate.number == number ? Optional.of(candidate) : Optional.empty();
    }
}
