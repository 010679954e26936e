package dev.lastbyte.tcp;

import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.OutboundFlush;
import dev.lastbyte.internal.SocketSamples;
import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.internal.TransportKind;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Where the bytes of one connection are on their way to the peer, at one moment. What the transport or the kernel does not tell
 * is empty, never a guess. Immutable.
 */
public final class SendQueueSnapshot {
    private final long nettyBytes;
    private final OptionalLong unsentBytes;
    private final OptionalLong unacknowledgedBytes;
    private final OptionalLong acknowledgedBytes;
    private final Optional<Duration> roundTripTime;
    private final Optional<TcpState> state;

    private SendQueueSnapshot(
            long nettyBytes,
            OptionalLong unsentBytes,
            OptionalLong unacknowledgedBytes,
            OptionalLong acknowledgedBytes,
            Optional<Duration> roundTripTime,
            Optional<TcpState> state) {
        this.nettyBytes = nettyBytes;
        this.unsentBytes = unsentBytes;
        this.unacknowledgedBytes = unacknowledgedBytes;
        this.acknowledgedBytes = acknowledgedBytes;
        this.roundTripTime = roundTripTime;
        this.state = state;
    }

    /** Nothing is known but Netty's part. */
    static SendQueueSnapshot unknown(long nettyBytes) {
        return new SendQueueSnapshot(
                nettyBytes,
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** Nothing is in flight on a Unix domain socket: what it takes lies in the peer's queue. */
    private static SendQueueSnapshot unixSocket(long nettyBytes) {
        return new SendQueueSnapshot(
                nettyBytes,
                OptionalLong.of(0),
                OptionalLong.of(0),
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private static SendQueueSnapshot of(long nettyBytes, SentBytes bytes) {
        // When the connection is over, what is left in the counters is stale and lies nowhere any more.
        boolean known = !bytes.isOver() || bytes.unacknowledged() == 0;
        return new SendQueueSnapshot(
                nettyBytes,
                known ? OptionalLong.of(bytes.unsent()) : OptionalLong.empty(),
                known ? OptionalLong.of(bytes.unacknowledged()) : OptionalLong.empty(),
                OptionalLong.of(bytes.acknowledged()),
                measured(bytes.rttNanos()),
                TcpState.of(bytes.state()));
    }

    /** A kernel that does not count payload tells the rest. */
    private static SendQueueSnapshot of(long nettyBytes, TcpInfo info) {
        return new SendQueueSnapshot(
                nettyBytes,
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                measured(info.rttMicros() * 1000),
                TcpState.of(info.state()));
    }

    private static SendQueueSnapshot of(long nettyBytes, SocketTable.Row row) {
        boolean known = row.state() != TcpInfo.CLOSE;
        return new SendQueueSnapshot(
                nettyBytes,
                OptionalLong.empty(),
                known ? OptionalLong.of(row.unacknowledged()) : OptionalLong.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                TcpState.of(row.state()));
    }

    /** The kernel's round-trip time is 0 until there was one to measure. */
    private static Optional<Duration> measured(long nanos) {
        return nanos == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos));
    }

    /** Takes one snapshot from whatever can tell about a channel. Confined to the channel's event loop. */
    static final class Reading {
        private final Channel channel;
        private final SystemView system;
        private final SocketSamples samples;

        Reading(Channel channel, SystemView system, SocketSamples samples) {
            this.channel = channel;
            this.system = system;
            this.samples = samples;
        }

        /** Completes the promise: at once, or when the kernel's table of sockets has been read. */
        void into(Promise<SendQueueSnapshot> promise) {
            SocketTable.Ends ends = ends();
            if (ends == null) {
                promise.trySuccess(now());
                return;
            }
            samples.ask(ends).thenAccept(row -> {
                if (!EventLoops.execute(channel.eventLoop(), () -> promise.trySuccess(shown(row)))) {
                    promise.trySuccess(unknown(0)); // the event loop has ended, and the connection with it
                }
            });
        }

        private SendQueueSnapshot now() {
            long nettyBytes = OutboundFlush.pendingBytes(channel);
            if (!channel.isOpen()) {
                return unknown(nettyBytes);
            }
            if (TransportKind.of(channel).isUnixSocket()) {
                return unixSocket(nettyBytes);
            }
            if (!system.hasTcpInfo(channel)) {
                return unknown(nettyBytes);
            }
            SentBytes bytes = SentBytes.read(channel, system);
            if (bytes != null) {
                return of(nettyBytes, bytes);
            }
            TcpInfo info = system.tcpInfo(channel);
            return info == null ? unknown(nettyBytes) : of(nettyBytes, info);
        }

        private SendQueueSnapshot shown(SocketTable.@Nullable Row row) {
            long nettyBytes = OutboundFlush.pendingBytes(channel);
            // A channel that is still open has had these addresses all the time.
            return row == null || !channel.isOpen() ? unknown(nettyBytes) : of(nettyBytes, row);
        }

        /** The addresses of a connection that only the table of sockets can tell about, or null. */
        private SocketTable.@Nullable Ends ends() {
            return TransportKind.of(channel) == TransportKind.NIO ? SocketTable.Ends.of(channel) : null;
        }
    }

    /**
     * Bytes in Netty's buffer, flushed or not, that the kernel has not taken, counted as for the write watermarks. A message counts
     * in full until its last byte has left, plus 96 bytes for itself; a {@code FileRegion} counts only those 96. 0 when the channel
     * is closed.
     */
    public long nettyBytes() {
        return nettyBytes;
    }

    /**
     * Bytes in the kernel that have not been sent: the peer's window is closed, the network does not take more, or Nagle's
     * algorithm or TCP_CORK holds them.
     */
    public OptionalLong unsentBytes() {
        return unsentBytes;
    }

    /** Bytes in the kernel, sent or not, that the peer's TCP has not acknowledged; {@link #unsentBytes()} are among them. */
    public OptionalLong unacknowledgedBytes() {
        return unacknowledgedBytes;
    }

    /** Bytes that the peer's TCP has acknowledged since the connection began. Its application may have read none of them. */
    public OptionalLong acknowledgedBytes() {
        return acknowledgedBytes;
    }

    /** The smoothed round-trip time; empty also before the first measurement. */
    public Optional<Duration> roundTripTime() {
        return roundTripTime;
    }

    /** The state of the connection in the kernel. */
    public Optional<TcpState> state() {
        return state;
    }

    @Override
    public String toString() {
        return "netty " + nettyBytes + " B, unsent " + bytes(unsentBytes) + ", unacknowledged "
                + bytes(unacknowledgedBytes) + ", acknowledged " + bytes(acknowledgedBytes) + ", rtt "
                + roundTripTime.map(rtt -> rtt.toNanos() / 1000 + " us").orElse("unknown") + ", state "
                + state.map(TcpState::name).orElse("unknown");
    }

    private static String bytes(OptionalLong value) {
        return value.isPresent() ? value.getAsLong() + " B" : "unknown";
    }
}
