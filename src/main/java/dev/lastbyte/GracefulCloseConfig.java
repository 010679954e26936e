package dev.lastbyte;

import dev.lastbyte.internal.Checks;
import dev.lastbyte.internal.DurationText;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The limits and choices of graceful closes. One instance serves any number of connections.
 *
 * <p>All durations lie between 1 ms and 24 h and are measured with the monotonic clock, to about a millisecond. Values out
 * of range are refused, never corrected. The page {@code docs/configuration.md} explains how to choose them. Immutable.
 */
public final class GracefulCloseConfig {
    static final CloseStrategy DEFAULT_STRATEGY = CloseStrategy.FULL;
    static final Duration DEFAULT_FLUSH_TIMEOUT = Duration.ofSeconds(30);
    static final Duration DEFAULT_EOF_TIMEOUT = Duration.ofSeconds(30);
    static final Duration DEFAULT_STALL_TIMEOUT = Duration.ofSeconds(5);
    static final Duration DEFAULT_QUIET_PERIOD = Duration.ofMillis(250);
    static final Duration DEFAULT_DELIVERED_TIMEOUT = Duration.ofSeconds(5);
    static final long DEFAULT_MAX_DISCARDED_BYTES = 64L << 20;
    static final long DEFAULT_DISCARD_RATE = 8L << 20;
    static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(60);
    static final StalledPeer DEFAULT_STALLED_PEER = StalledPeer.LEAVE_TO_KERNEL;
    static final PeerHalfClose DEFAULT_PEER_HALF_CLOSE = PeerHalfClose.FINISH_WRITES;
    static final Duration DEFAULT_PEER_HALF_CLOSE_TIMEOUT = Duration.ofSeconds(60);

    /** Paces nothing: the rate of {@link Builder#unlimitedDiscardRate()}. */
    static final long UNLIMITED = Long.MAX_VALUE;

    private static final GracefulCloseConfig DEFAULTS = builder().build();

    private final CloseStrategy strategy;
    private final long flushTimeoutNanos;
    private final long eofTimeoutNanos;
    private final long stallTimeoutNanos;
    private final long quietPeriodNanos;
    private final long deliveredTimeoutNanos;
    private final long maxDiscardedBytes;
    private final long discardRate;
    private final long closeTimeoutNanos;
    private final StalledPeer stalledPeer;
    private final PeerHalfClose peerHalfClose;
    private final long peerHalfCloseGraceNanos;
    private final long peerHalfCloseTimeoutNanos;
    private final @Nullable CloseListener closeListener;
    private final boolean userEvents;

    private GracefulCloseConfig(Builder builder) {
        strategy = builder.strategy;
        flushTimeoutNanos = builder.flushTimeoutNanos;
        eofTimeoutNanos = builder.eofTimeoutNanos;
        stallTimeoutNanos = builder.stallTimeoutNanos;
        quietPeriodNanos = builder.quietPeriodNanos;
        deliveredTimeoutNanos = builder.deliveredTimeoutNanos;
        maxDiscardedBytes = builder.maxDiscardedBytes;
        discardRate = builder.discardRate;
        closeTimeoutNanos = builder.closeTimeoutNanos;
        stalledPeer = builder.stalledPeer;
        peerHalfClose = builder.peerHalfClose;
        peerHalfCloseGraceNanos = builder.peerHalfCloseGraceNanos;
        peerHalfCloseTimeoutNanos = builder.peerHalfCloseTimeoutNanos;
        closeListener = builder.closeListener;
        userEvents = builder.userEvents;
    }

    /** The configuration with every default. */
    public static GracefulCloseConfig defaults() {
        return DEFAULTS;
    }

    /** A builder that starts with every default. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts with the values of this configuration. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** What is done after the flush; {@link CloseStrategy#FULL} by default. */
    public CloseStrategy strategy() {
        return strategy;
    }

    /** How long bytes may wait without one leaving or being acknowledged; 30 s by default. */
    public Duration flushTimeout() {
        return Duration.ofNanos(flushTimeoutNanos);
    }

    /** How long the peer may take in total to end its side after our FIN; 30 s by default. */
    public Duration eofTimeout() {
        return Duration.ofNanos(eofTimeoutNanos);
    }

    /** How long a peer that has acknowledged every byte may say nothing after our FIN; 5 s by default. */
    public Duration stallTimeout() {
        return Duration.ofNanos(stallTimeoutNanos);
    }

    /** How long a peer that has everything must be silent to be let go; 250 ms by default, and at least 4 round trips. */
    public Duration quietPeriod() {
        return Duration.ofNanos(quietPeriodNanos);
    }

    /** How long a peer that has everything may go on talking; 5 s by default. */
    public Duration deliveredTimeout() {
        return Duration.ofNanos(deliveredTimeoutNanos);
    }

    /** How many bytes of input are discarded at most; 64 MiB by default. */
    public long maxDiscardedBytes() {
        return maxDiscardedBytes;
    }

    /** Bytes per second that are read and discarded at most, 8 MiB/s by default; empty if unlimited. */
    public OptionalLong discardRate() {
        return discardRate == UNLIMITED ? OptionalLong.empty() : OptionalLong.of(discardRate);
    }

    /** The absolute limit of the whole sequence, counted from {@code close()}; 60 s by default. */
    public Duration closeTimeout() {
        return Duration.ofNanos(closeTimeoutNanos);
    }

    /** What becomes of unacknowledged bytes when the wait is over; {@link StalledPeer#LEAVE_TO_KERNEL} by default. */
    public StalledPeer stalledPeer() {
        return stalledPeer;
    }

    /** What happens when the peer ends its side first; {@link PeerHalfClose#FINISH_WRITES} by default. */
    public PeerHalfClose peerHalfClose() {
        return peerHalfClose;
    }

    /** How long writes are awaited after a peer's early FIN when nothing is pending; empty, not at all, by default. */
    public Optional<Duration> peerHalfCloseGrace() {
        return peerHalfCloseGraceNanos == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(peerHalfCloseGraceNanos));
    }

    /** How long a connection stays open after a peer's early FIN while no byte leaves; 60 s by default. */
    public Duration peerHalfCloseTimeout() {
        return Duration.ofNanos(peerHalfCloseTimeoutNanos);
    }

    /** Who is told of each end, if anybody. */
    public Optional<CloseListener> closeListener() {
        return Optional.ofNullable(closeListener);
    }

    /** Whether the events of {@link ConnectionEvents} are fired as user events too; not by default. */
    public boolean firesUserEvents() {
        return userEvents;
    }

    long flushTimeoutNanos() {
        return flushTimeoutNanos;
    }

    long eofTimeoutNanos() {
        return eofTimeoutNanos;
    }

    long stallTimeoutNanos() {
        return stallTimeoutNanos;
    }

    long quietPeriodNanos() {
        return quietPeriodNanos;
    }

    long deliveredTimeoutNanos() {
        return deliveredTimeoutNanos;
    }

    long discardBytesPerSecond() {
        return discardRate;
    }

    long closeTimeoutNanos() {
        return closeTimeoutNanos;
    }

    long peerHalfCloseGraceNanos() {
        return peerHalfCloseGraceNanos;
    }

    long peerHalfCloseTimeoutNanos() {
        return peerHalfCloseTimeoutNanos;
    }

    @Nullable
    CloseListener listener() {
        return closeListener;
    }

    @Override
    public String toString() {
        return "GracefulCloseConfig{strategy=" + strategy + ", flushTimeout=" + DurationText.of(flushTimeout())
                + ", eofTimeout="
                + DurationText.of(eofTimeout())
                + ", stallTimeout=" + DurationText.of(stallTimeout()) + ", quietPeriod="
                + DurationText.of(quietPeriod()) + ", deliveredTimeout="
                + DurationText.of(deliveredTimeout()) + ", maxDiscardedBytes=" + maxDiscardedBytes + ", discardRate="
                + (discardRate == UNLIMITED ? "unlimited" : discardRate) + ", closeTimeout="
                + DurationText.of(closeTimeout())
                + ", stalledPeer=" + stalledPeer + ", peerHalfClose=" + peerHalfClose + ", peerHalfCloseGrace="
                + peerHalfCloseGrace().map(DurationText::of).orElse("none") + ", peerHalfCloseTimeout="
                + DurationText.of(peerHalfCloseTimeout()) + ", userEvents=" + userEvents + "}";
    }

    /**
     * Collects the values of a {@link GracefulCloseConfig}. Each setter checks its value at once and throws {@link
     * NullPointerException} or {@link IllegalArgumentException} with the parameter's name, the value and the range. Not
     * thread-safe.
     */
    public static final class Builder {
        private CloseStrategy strategy = DEFAULT_STRATEGY;
        private long flushTimeoutNanos = DEFAULT_FLUSH_TIMEOUT.toNanos();
        private long eofTimeoutNanos = DEFAULT_EOF_TIMEOUT.toNanos();
        private long stallTimeoutNanos = DEFAULT_STALL_TIMEOUT.toNanos();
        private long quietPeriodNanos = DEFAULT_QUIET_PERIOD.toNanos();
        private long deliveredTimeoutNanos = DEFAULT_DELIVERED_TIMEOUT.toNanos();
        private long maxDiscardedBytes = DEFAULT_MAX_DISCARDED_BYTES;
        private long discardRate = DEFAULT_DISCARD_RATE;
        private long closeTimeoutNanos = DEFAULT_CLOSE_TIMEOUT.toNanos();
        private StalledPeer stalledPeer = DEFAULT_STALLED_PEER;
        private PeerHalfClose peerHalfClose = DEFAULT_PEER_HALF_CLOSE;
        private long peerHalfCloseGraceNanos;
        private long peerHalfCloseTimeoutNanos = DEFAULT_PEER_HALF_CLOSE_TIMEOUT.toNanos();
        private @Nullable CloseListener closeListener;
        private boolean userEvents;

        private Builder() {}

        private Builder(GracefulCloseConfig config) {
            strategy = config.strategy;
            flushTimeoutNanos = config.flushTimeoutNanos;
            eofTimeoutNanos = config.eofTimeoutNanos;
            stallTimeoutNanos = config.stallTimeoutNanos;
            quietPeriodNanos = config.quietPeriodNanos;
            deliveredTimeoutNanos = config.deliveredTimeoutNanos;
            maxDiscardedBytes = config.maxDiscardedBytes;
            discardRate = config.discardRate;
            closeTimeoutNanos = config.closeTimeoutNanos;
            stalledPeer = config.stalledPeer;
            peerHalfClose = config.peerHalfClose;
            peerHalfCloseGraceNanos = config.peerHalfCloseGraceNanos;
            peerHalfCloseTimeoutNanos = config.peerHalfCloseTimeoutNanos;
            closeListener = config.closeListener;
            userEvents = config.userEvents;
        }

        /** What is done after the flush. Default {@link CloseStrategy#FULL}. */
        public Builder strategy(CloseStrategy strategy) {
            this.strategy = Objects.requireNonNull(strategy, "strategy");
            return this;
        }

        /**
         * The longest the flush may go without a byte leaving Netty's buffer or, where the kernel can be asked, being
         * acknowledged; then the answer is cut and the connection reset. A large answer to a slow reader may take longer
         * in total, up to {@link #closeTimeout}. Bytes that the kernel has taken get the same patience: while they are
         * unacknowledged, or nothing tells whether they are, a close waits this long for progress, and for {@link
         * #stalledPeer} then. Default 30 s.
         */
        public Builder flushTimeout(Duration flushTimeout) {
            flushTimeoutNanos = Checks.nanos(flushTimeout, "flushTimeout");
            return this;
        }

        /** The longest time in total from our FIN to the peer's (nginx: {@code lingering_time}). Default 30 s. */
        public Builder eofTimeout(Duration eofTimeout) {
            eofTimeoutNanos = Checks.nanos(eofTimeout, "eofTimeout");
            return this;
        }

        /**
         * The longest time after our FIN in which a peer that has acknowledged every byte sends none (nginx: {@code
         * lingering_timeout}). While bytes are unacknowledged {@link #flushTimeout} counts. Default 5 s.
         */
        public Builder stallTimeout(Duration stallTimeout) {
            stallTimeoutNanos = Checks.nanos(stallTimeout, "stallTimeout");
            return this;
        }

        /**
         * How long a peer that has acknowledged everything must be silent to be let go; at least four round trips are
         * waited in any case. Takes effect where the kernel can be asked and with {@link CloseStrategy#FULL}. Default 250
         * ms.
         */
        public Builder quietPeriod(Duration quietPeriod) {
            quietPeriodNanos = Checks.nanos(quietPeriod, "quietPeriod");
            return this;
        }

        /**
         * How long a peer that has acknowledged everything may go on talking. Takes effect where the kernel can be asked
         * and with {@link CloseStrategy#FULL}. Default 5 s.
         */
        public Builder deliveredTimeout(Duration deliveredTimeout) {
            deliveredTimeoutNanos = Checks.nanos(deliveredTimeout, "deliveredTimeout");
            return this;
        }

        /** How many bytes of input are read and discarded at most. Default 64 MiB; 0 or more. */
        public Builder maxDiscardedBytes(long maxDiscardedBytes) {
            this.maxDiscardedBytes = Checks.atLeast(maxDiscardedBytes, 0, "maxDiscardedBytes");
            return this;
        }

        /**
         * How many bytes per second are read and discarded at most, per connection, so that one uploader cannot take a
         * core. Default 8 MiB/s; at least 1024.
         */
        public Builder discardRate(long bytesPerSecond) {
            discardRate = Checks.atLeast(bytesPerSecond, 1024, "discardRate");
            return this;
        }

        /** Reads and discards as fast as the peer sends. */
        public Builder unlimitedDiscardRate() {
            discardRate = UNLIMITED;
            return this;
        }

        /**
         * The absolute limit of the whole sequence, counted from {@code close()}; nothing extends it, not even progress of
         * the flush. Where answers take longer to send, close when the last write is done ({@code
         * ChannelFutureListener.CLOSE}): the limit then counts from there. Default 60 s.
         */
        public Builder closeTimeout(Duration closeTimeout) {
            closeTimeoutNanos = Checks.nanos(closeTimeout, "closeTimeout");
            return this;
        }

        /** What becomes of unacknowledged bytes when the wait is over. Default {@link StalledPeer#LEAVE_TO_KERNEL}. */
        public Builder stalledPeer(StalledPeer stalledPeer) {
            this.stalledPeer = Objects.requireNonNull(stalledPeer, "stalledPeer");
            return this;
        }

        /** What happens when the peer ends its side first. Default {@link PeerHalfClose#FINISH_WRITES}. */
        public Builder peerHalfClose(PeerHalfClose peerHalfClose) {
            this.peerHalfClose = Objects.requireNonNull(peerHalfClose, "peerHalfClose");
            return this;
        }

        /**
         * After a peer's early FIN, waits this long for writes although nothing is pending and no exchange is known to be
         * open: for protocols that answer asynchronously and do not call {@link GracefulCloseHandler#exchangeStarted}.
         * Every peer that simply goes away is then held this long. Default: not waited.
         */
        public Builder peerHalfCloseGrace(Duration peerHalfCloseGrace) {
            peerHalfCloseGraceNanos = Checks.nanos(peerHalfCloseGrace, "peerHalfCloseGrace");
            return this;
        }

        /**
         * The longest a connection stays open after a peer's early FIN without a byte leaving, while an exchange is open
         * or output pending; then it is closed gracefully. A handler that holds that close back has as long again. Default
         * 60 s.
         */
        public Builder peerHalfCloseTimeout(Duration peerHalfCloseTimeout) {
            peerHalfCloseTimeoutNanos = Checks.nanos(peerHalfCloseTimeout, "peerHalfCloseTimeout");
            return this;
        }

        /** Who is told of the end of each connection. Default: nobody. */
        public Builder closeListener(CloseListener closeListener) {
            this.closeListener = Objects.requireNonNull(closeListener, "closeListener");
            return this;
        }

        /**
         * Fires {@link CloseStartedEvent} and, in a drain, {@link dev.lastbyte.drain.DrainEvent} through the pipeline as well, for handlers
         * that do not {@linkplain GracefulCloseHandler#listen listen}. All handlers see them, and some complain of events that they do not
         * know. Default: not fired.
         */
        public Builder withUserEvents() {
            userEvents = true;
            return this;
        }

        /**
         * The configuration.
         *
         * @throws IllegalStateException if values contradict each other: a grace with {@link PeerHalfClose#CLOSE_NOW}, a
         *     grace longer than {@code peerHalfCloseTimeout}, a {@code quietPeriod} longer than {@code closeTimeout}
         */
        public GracefulCloseConfig build() {
            if (peerHalfCloseGraceNanos > 0 && peerHalfClose == PeerHalfClose.CLOSE_NOW) {
                throw new IllegalStateException("peerHalfCloseGrace: " + DurationText.ofNanos(peerHalfCloseGraceNanos)
                        + " (expected: none with peerHalfClose CLOSE_NOW, which waits for nothing)");
            }
            if (peerHalfCloseGraceNanos > peerHalfCloseTimeoutNanos) {
                throw new IllegalStateException("peerHalfCloseGrace: " + DurationText.ofNanos(peerHalfCloseGraceNanos)
                        + " (expected: at most peerHalfCloseTimeout, " + DurationText.ofNanos(peerHalfCloseTimeoutNanos)
                        + ")");
            }
            if (quietPeriodNanos > closeTimeoutNanos) {
                throw new IllegalStateException("quietPeriod: " + DurationText.ofNanos(quietPeriodNanos)
                        + " (expected: at most closeTimeout, " + DurationText.ofNanos(closeTimeoutNanos) + ")");
            }
            return new GracefulCloseConfig(this);
        }
    }
}
