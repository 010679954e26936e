package dev.lastbyte.tcp;

import java.util.Map;
import java.util.stream.Collectors;

/**
 * A socket option of a TCP connection or listener (tcp(7), socket(7)), as {@link TcpOptions} sets it and {@link
 * EffectiveTcpOptions} reads it back. Immutable.
 */
public enum TcpOption {
    /** No Nagle algorithm: every flush is sent at once. A flag. */
    TCP_NODELAY(6, 1, Unit.FLAG, Side.CONNECTION),
    /** Partial segments wait until the flag is cleared, at most 200 ms and a round trip. A flag. */
    TCP_CORK(6, 3, Unit.FLAG, Side.CONNECTION),
    /** Acknowledge at once for now; later the kernel decides for itself again. A flag. */
    TCP_QUICKACK(6, 12, Unit.FLAG, Side.CONNECTION),
    /** Accept a connection when its first bytes have arrived; the kernel rounds to whole SYN-ACK repeats. Seconds. */
    TCP_DEFER_ACCEPT(6, 9, Unit.SECONDS, Side.LISTENER),
    /** Probe idle connections. A flag. */
    SO_KEEPALIVE(1, 9, Unit.FLAG, Side.CONNECTION),
    /** Idle time before the first keep-alive probe. Seconds. */
    TCP_KEEPIDLE(6, 4, Unit.SECONDS, Side.CONNECTION),
    /** Time between keep-alive probes. Seconds. */
    TCP_KEEPINTVL(6, 5, Unit.SECONDS, Side.CONNECTION),
    /** Unanswered probes after which the kernel gives the connection up. A number. */
    TCP_KEEPCNT(6, 6, Unit.COUNT, Side.CONNECTION),
    /** How long a closed socket waits in FIN_WAIT2 for the peer's FIN. Seconds. */
    TCP_LINGER2(6, 8, Unit.SECONDS, Side.CONNECTION),
    /** How long sent bytes may stay unacknowledged. Milliseconds. */
    TCP_USER_TIMEOUT(6, 18, Unit.MILLISECONDS, Side.CONNECTION),
    /** The largest segment, announced to the peer in the handshake. Bytes. */
    TCP_MAXSEG(6, 2, Unit.BYTES, Side.HANDSHAKE),
    /** How often the SYN is repeated before connecting fails. A number. */
    TCP_SYNCNT(6, 7, Unit.COUNT, Side.CONNECT),
    /** The largest window announced to the peer. Bytes. */
    TCP_WINDOW_CLAMP(6, 10, Unit.BYTES, Side.HANDSHAKE),
    /** Unsent bytes in the kernel at which the socket is no longer writable. Bytes. */
    TCP_NOTSENT_LOWAT(6, 25, Unit.BYTES, Side.CONNECTION),
    /** The send buffer; the kernel doubles the value, bounds it by wmem_max and stops tuning it. Bytes. */
    SO_SNDBUF(1, 7, Unit.BYTES, Side.CONNECTION),
    /** The receive buffer; the kernel doubles the value, bounds it by rmem_max and stops tuning it. Bytes. */
    SO_RCVBUF(1, 8, Unit.BYTES, Side.HANDSHAKE);

    /** The unit in which the kernel counts. Immutable. */
    enum Unit {
        FLAG(""),
        SECONDS(" s"),
        MILLISECONDS(" ms"),
        BYTES(" B"),
        COUNT("");

        private final String suffix;

        Unit(String suffix) {
            this.suffix = suffix;
        }
    }

    /** On which socket, and when, an option takes effect. Immutable. */
    enum Side {
        /** A listener only. */
        LISTENER("a listener"),
        /** A client's socket that is not connected yet. */
        CONNECT("a client, before it connects"),
        /** What the handshake announces: a listener, from which its connections inherit it, or a client before it connects. */
        HANDSHAKE("a listener, or a client before it connects"),
        /** A connection, at any time. */
        CONNECTION("a connection");

        private final String words;

        Side(String words) {
            this.words = words;
        }
    }

    private final int level;
    private final int number;
    private final Unit unit;
    private final Side side;

    TcpOption(int level, int number, Unit unit, Side side) {
        this.level = level;
        this.number = number;
        this.unit = unit;
        this.side = side;
    }

    /** The {@code level} of Linux's setsockopt(2). */
    int level() {
        return level;
    }

    /** The {@code optname} of Linux's setsockopt(2). */
    int number() {
        return number;
    }

    boolean isFlag() {
        return unit == Unit.FLAG;
    }

    /** Whether it is set on a server's listening socket, and not on each of its connections. */
    boolean isForListeners() {
        return side == Side.LISTENER || side == Side.HANDSHAKE;
    }

    /** Whether it does something on an accepted or connected socket. */
    boolean isForConnections() {
        return side == Side.CONNECTION || side == Side.HANDSHAKE;
    }

    /** Whether it does something on a client's socket before {@code connect()}. */
    boolean isForClients() {
        return side != Side.LISTENER;
    }

    /** Where the option belongs, as people read it. */
    String side() {
        return side.words;
    }

    /** Values with their units, as people read them: {@code {TCP_NODELAY=on, SO_SNDBUF=65536 B}}. */
    static String format(Map<TcpOption, Long> values) {
        return values.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getKey().format(entry.getValue()))
                .collect(Collectors.joining(", ", "{", "}"));
    }

    /** A value with its unit, as people read it. */
    String format(long value) {
        if (isFlag()) {
            return value == 0 ? "off" : "on";
        }
        return value + unit.suffix;
    }
}
