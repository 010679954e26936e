package dev.lastbyte;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Where the bytes of one connection are on their way to the peer, at one moment. What the transport or the kernel does not tell
 * is empty, never a guess. Immutable.
 */
public final class SendQueueSnapshot {
    private static final long UNKNOWN = -1;

    private final long nettyBytes;
    private final long unsentBytes;
    private final long unacknowledgedBytes;
    private final long acknowledgedBytes;
    private final long roundTripNanos;
    private final @Nullable TcpState state;

    private SendQueueSnapshot(
            long nettyBytes,
            long unsentBytes,
            long unacknowledgedBytes,
            long acknowledgedBytes,
            long roundTripNanos,
            @Nullable TcpState state) {
        this.nettyBytes = nettyBytes;
        this.unsentBytes = unsentBytes;
        this.unacknowledgedBytes = unacknowledgedBytes;
        this.acknowledgedBytes = acknowledgedBytes;
        this.roundTripNanos = roundTripNanos;
        this.state = state;
    }

    /** Nothing is known but Netty's part. */
    static SendQueueSnapshot unknown(long nettyBytes) {
        return new SendQueueSnapshot(nettyBytes, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, null);
    }

    /** A Unix domain socket has nothing under way: what it takes lies in the peer's queue. */
    static SendQueueSnapshot unixSocket(long nettyBytes) {
        return new SendQueueSnapshot(nettyBytes, 0, 0, UNKNOWN, UNKNOWN, null);
    }

    static SendQueueSnapshot of(long nettyBytes, SentBytes bytes) {
        // When the connection is over, what is left in the counters is stale and lies nowhere any more.
        boolean known = !bytes.isOver() || bytes.unacknowledged() == 0;
        return new SendQueueSnapshot(
                nettyBytes,
                known ? bytes.unsent() : UNKNOWN,
                known ? bytes.unacknowledged() : UNKNOWN,
                bytes.acknowledged(),
                bytes.rttNanos() == 0 ? UNKNOWN : bytes.rttNanos(),
                TcpState.of(bytes.state()).orElse(null));
    }

    /** A kernel that does not count payload tells the rest. */
    static SendQueueSnapshot of(long nettyBytes, TcpInfo info) {
        long roundTripNanos = info.rttMicros() == 0 ? UNKNOWN : info.rttMicros() * 1000;
        TcpState state = TcpState.of(info.state()).orElse(null);
        return new SendQueueSnapshot(nettyBytes, UNKNOWN, UNKNOWN, UNKNOWN, roundTripNanos, state);
    }

    static SendQueueSnapshot of(long nettyBytes, SocketTable.Row row) {
        boolean known = row.state() != TcpInfo.CLOSE;
        return new SendQueueSnapshot(
                nettyBytes,
                UNKNOWN,
                known ? row.unacknowledged() : UNKNOWN,
                UNKNOWN,
                UNKNOWN,
                TcpState.of(row.state()).orElse(null));
    }

    /**
     * Bytes in Netty's buffer, flushed or not, that the kernel has not taken, counted as for the write watermarks: a message
     * counts in full until its last byte has left, and with 96 bytes for itself; a {@code FileRegion} with those only. 0 when the channel is
     * closed.
     */
    public long nettyBytes() {
        return nettyBytes;
    }

    /**
     * Bytes in the kernel that have not been sent: the peer's window is closed, the network does not take more, or Nagle's
     * algorithm or TCP_CORK holds them.
     */
    public OptionalLong unsentBytes() {
        return optional(unsentBytes);
    }

    /** Bytes in the kernel, sent or not, that the peer's TCP has not acknowledged; {@link #unsentBytes()} are among them. */
    public OptionalLong unacknowledgedBytes() {
        return optional(unacknowledgedBytes);
    }

    /** Bytes that the peer's TCP has acknowledged since the connection began. Its application may have read none of them. */
    public OptionalLong acknowledgedBytes() {
        return optional(acknowledgedBytes);
    }

    /** The smoothed round-trip time; empty also before the first measurement. */
    public Optional<Duration> roundTripTime() {
        return roundTripNanos == UNKNOWN ? Optional.empty() : Optional.of(Duration.ofNanos(roundTripNanos));
    }

    /** The state of the connection in the kernel. */
    public Optional<TcpState> state() {
        return Optional.ofNullable(state);
    }

    private static OptionalLong optional(long value) {
        return value == UNKNOWN ? OptionalLong.empty() : OptionalLong.of(value);
    }

    @Override
    public String toString() {
        return "netty " + nettyBytes + " B, unsent " + bytes(unsentBytes) + ", unacknowledged "
                + bytes(unacknowledgedBytes) + ", acknowledged " + bytes(acknowledgedBytes) + ", rtt "
                + (roundTripNanos == UNKNOWN ? "unknown" : roundTripNanos / 1000 + " us") + ", state "
                + (state == null ? "unknown" : state);
    }

    private static String bytes(long value) {
        return value == UNKNOWN ? "unknown" : value + " B";
    }
}
