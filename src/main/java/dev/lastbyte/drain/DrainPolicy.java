package dev.lastbyte.drain;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.Checks;
import dev.lastbyte.internal.DurationText;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The times of a server's drain:
 *
 * <pre>
 * drain()             stops accepting                                                          over at the latest
 *   |- announceDelay -|- acceptTimeout -|- closeSpread: idle ones go -|                          |
 *   |                 |- gracePeriod: busy ones finish ----------------------|- their closes ----|
 *   |------------------------------------- drainTimeout ------------------------------------------|
 * </pre>
 *
 * <p>Durations lie between 1 ms and 24 h unless stated otherwise. Values out of range are refused, never corrected. Immutable.
 */
public final class DrainPolicy {
    static final Duration DEFAULT_ANNOUNCE_DELAY = Duration.ZERO;
    static final Duration DEFAULT_ACCEPT_TIMEOUT = Duration.ofSeconds(3);
    static final Duration DEFAULT_IDLE_AFTER = Duration.ofSeconds(5);
    static final Duration DEFAULT_CLOSE_SPREAD = Duration.ZERO;
    static final Duration DEFAULT_DRAIN_TIMEOUT = Duration.ofSeconds(30);
    static final Duration DEFAULT_PROGRESS_INTERVAL = Duration.ofSeconds(1);
    static final int DEFAULT_MAX_BLOCKERS = 5;

    /** One part in so many of the drain is kept for FORCING. */
    static final int FORCING_PART = 20;

    static final Duration MIN_PROGRESS_INTERVAL = Duration.ofMillis(100);

    private static final DrainPolicy DEFAULTS = builder().build();

    private final long announceDelayNanos;
    private final long acceptTimeoutNanos;
    private final long idleAfterNanos;
    private final long closeSpreadNanos;
    private final @Nullable Long gracePeriodSet;
    private final long gracePeriodNanos;
    private final @Nullable Long unansweredPeriodSet;
    private final long unansweredPeriodNanos;
    private final @Nullable Long longLivedPeriodSet;
    private final long longLivedPeriodNanos;
    private final long drainTimeoutNanos;
    private final long progressIntervalNanos;
    private final int maxBlockers;

    private DrainPolicy(Builder builder) {
        announceDelayNanos = builder.announceDelayNanos;
        acceptTimeoutNanos = builder.acceptTimeoutNanos;
        idleAfterNanos = builder.idleAfterNanos;
        closeSpreadNanos = builder.closeSpreadNanos;
        gracePeriodSet = builder.gracePeriodSet;
        gracePeriodNanos = builder.gracePeriodNanos();
        unansweredPeriodSet = builder.unansweredPeriodSet;
        unansweredPeriodNanos = builder.unansweredPeriodNanos();
        longLivedPeriodSet = builder.longLivedPeriodSet;
        longLivedPeriodNanos = builder.longLivedPeriodNanos();
        drainTimeoutNanos = builder.drainTimeoutNanos;
        progressIntervalNanos = builder.progressIntervalNanos;
        maxBlockers = builder.maxBlockers;
    }

    /** The policy with every default. */
    public static DrainPolicy defaults() {
        return DEFAULTS;
    }

    /** A builder that starts with every default. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts with the values of this policy. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** How long load balancers have to stop sending traffic before anything changes; zero by default. */
    public Duration announceDelay() {
        return Duration.ofNanos(announceDelayNanos);
    }

    /** How long the listeners may take to accept the connections that the kernel has queued; 3 s by default. */
    public Duration acceptTimeout() {
        return Duration.ofNanos(acceptTimeoutNanos);
    }

    /** How long a connection without an open exchange must have been silent to be idle; 5 s by default. */
    public Duration idleAfter() {
        return Duration.ofNanos(idleAfterNanos);
    }

    /** The time over which the closes of idle connections are spread; zero by default: at once. */
    public Duration closeSpread() {
        return Duration.ofNanos(closeSpreadNanos);
    }

    /**
     * How long busy connections may continue after the announcement; by default 20 s, two thirds of what {@code drainTimeout} leaves
     * after {@code announceDelay}.
     */
    public Duration gracePeriod() {
        return Duration.ofNanos(gracePeriodNanos);
    }

    /** How long a silent connection whose peer spoke last is kept after the announcement; by default as long as {@code gracePeriod}. */
    public Duration unansweredPeriod() {
        return Duration.ofNanos(unansweredPeriodNanos);
    }

    /** How long long-lived connections may continue after the announcement; by default as long as {@code gracePeriod}. */
    public Duration longLivedPeriod() {
        return Duration.ofNanos(longLivedPeriodNanos);
    }

    /** The absolute limit of the whole drain, counted from {@code drain()}; 30 s by default. */
    public Duration drainTimeout() {
        return Duration.ofNanos(drainTimeoutNanos);
    }

    /** How often progress is reported; 1 s by default. */
    public Duration progressInterval() {
        return Duration.ofNanos(progressIntervalNanos);
    }

    /** How many of the oldest open connections a progress names; 5 by default. */
    public int maxBlockers() {
        return maxBlockers;
    }

    long announceDelayNanos() {
        return announceDelayNanos;
    }

    long acceptTimeoutNanos() {
        return acceptTimeoutNanos;
    }

    long idleAfterNanos() {
        return idleAfterNanos;
    }

    long closeSpreadNanos() {
        return closeSpreadNanos;
    }

    long gracePeriodNanos() {
        return gracePeriodNanos;
    }

    long unansweredPeriodNanos() {
        return unansweredPeriodNanos;
    }

    long longLivedPeriodNanos() {
        return longLivedPeriodNanos;
    }

    long drainTimeoutNanos() {
        return drainTimeoutNanos;
    }

    long progressIntervalNanos() {
        return progressIntervalNanos;
    }

    @Override
    public String toString() {
        return "DrainPolicy{announceDelay=" + DurationText.of(announceDelay()) + ", acceptTimeout="
                + DurationText.of(acceptTimeout()) + ", idleAfter="
                + DurationText.of(idleAfter()) + ", closeSpread=" + DurationText.of(closeSpread()) + ", gracePeriod="
                + DurationText.of(gracePeriod())
                + ", unansweredPeriod=" + DurationText.of(unansweredPeriod()) + ", longLivedPeriod="
                + DurationText.of(longLivedPeriod())
                + ", drainTimeout=" + DurationText.of(drainTimeout())
                + ", progressInterval=" + DurationText.of(progressInterval()) + ", maxBlockers=" + maxBlockers + "}";
    }

    /**
     * Collects the values of a {@link DrainPolicy}. Each setter checks its value at once and throws {@link
     * NullPointerException} or {@link IllegalArgumentException} with the parameter's name, the value and the range. Not
     * thread-safe.
     */
    public static final class Builder {
        private long announceDelayNanos = DEFAULT_ANNOUNCE_DELAY.toNanos();
        private long acceptTimeoutNanos = DEFAULT_ACCEPT_TIMEOUT.toNanos();
        private long idleAfterNanos = DEFAULT_IDLE_AFTER.toNanos();
        private long closeSpreadNanos = DEFAULT_CLOSE_SPREAD.toNanos();
        private @Nullable Long gracePeriodSet;
        private @Nullable Long unansweredPeriodSet;
        private @Nullable Long longLivedPeriodSet;
        private long drainTimeoutNanos = DEFAULT_DRAIN_TIMEOUT.toNanos();
        private long progressIntervalNanos = DEFAULT_PROGRESS_INTERVAL.toNanos();
        private int maxBlockers = DEFAULT_MAX_BLOCKERS;

        private Builder() {}

        private Builder(DrainPolicy policy) {
            announceDelayNanos = policy.announceDelayNanos;
            acceptTimeoutNanos = policy.acceptTimeoutNanos;
            idleAfterNanos = policy.idleAfterNanos;
            closeSpreadNanos = policy.closeSpreadNanos;
            gracePeriodSet = policy.gracePeriodSet;
            unansweredPeriodSet = policy.unansweredPeriodSet;
            longLivedPeriodSet = policy.longLivedPeriodSet;
            drainTimeoutNanos = policy.drainTimeoutNanos;
            progressIntervalNanos = policy.progressIntervalNanos;
            maxBlockers = policy.maxBlockers;
        }

        /**
         * How long {@link DrainPhase#ANNOUNCING} lasts: readiness is off, the server goes on serving, and the drain can be cancelled.
         * Choose it longer than the load balancer takes to notice, which is the period of the readiness probe times its threshold. It
         * lasts this long even if no connection is open. From 0; default 0.
         */
        public Builder announceDelay(Duration announceDelay) {
            announceDelayNanos = Checks.nanosOrZero(announceDelay, "announceDelay");
            return this;
        }

        /**
         * The limit of {@link DrainPhase#STOP_ACCEPTING}, which usually takes a few round trips of the slowest client that is
         * connecting, and a second if a client never completes its handshake. On an event loop that is busy with connections the accept
         * queue takes longer. It never lasts beyond {@code gracePeriod}, which has already begun. Default 3 s.
         */
        public Builder acceptTimeout(Duration acceptTimeout) {
            acceptTimeoutNanos = Checks.nanos(acceptTimeout, "acceptTimeout");
            return this;
        }

        /**
         * How long a connection must have been silent, without an open exchange and without queued output, to be idle. This protects a
         * request that is already on its way (nginx: {@code keepalive_min_timeout}); work in silence that nobody reports is protected by
         * {@link #unansweredPeriod}. Where the kernel tells (TCP on epoll and io_uring), silence before the drain counts; elsewhere it is
         * observed from the start of the drain. Default 5 s.
         */
        public Builder idleAfter(Duration idleAfter) {
            idleAfterNanos = Checks.nanos(idleAfter, "idleAfter");
            return this;
        }

        /**
         * The time over which closes are spread evenly, so that clients do not reconnect elsewhere at the same moment (HAProxy: {@code
         * close-spread-time}). Closes of connections that are idle when shedding begins are spread from then on, closes of long-lived
         * connections over as much time before {@link #longLivedPeriod} ends. From 0; default 0: at once, in small portions.
         */
        public Builder closeSpread(Duration closeSpread) {
            closeSpreadNanos = Checks.nanosOrZero(closeSpread, "closeSpread");
            return this;
        }

        /**
         * How long busy connections may continue, counted from the end of {@link DrainPhase#ANNOUNCING}. Then they are closed gracefully,
         * even with an exchange open. Default 20 s: two thirds of what {@code drainTimeout} leaves after {@code announceDelay}.
         */
        public Builder gracePeriod(Duration gracePeriod) {
            gracePeriodSet = Checks.nanos(gracePeriod, "gracePeriod");
            return this;
        }

        /**
         * How long a silent connection is kept whose peer spoke last, counted from the end of {@link DrainPhase#ANNOUNCING}: the peer may
         * wait for an answer that nobody has reported as an exchange. It ends early, {@code idleAfter} behind the first byte that is sent.
         * If the connection is closed without one, it counts as {@link DrainReport#possiblyUnanswered()}. Not for connections whose
         * protocol counts its exchanges. Choose 0 for protocols whose peers speak last; at most {@code gracePeriod}. Default 20 s: as long
         * as {@code gracePeriod}. One listener may have its own: {@link GracefulCloseManager#manage(io.netty.channel.Channel, Duration)}.
         */
        public Builder unansweredPeriod(Duration unansweredPeriod) {
            unansweredPeriodSet = Checks.nanosOrZero(unansweredPeriod, "unansweredPeriod");
            return this;
        }

        /**
         * The same as {@link #gracePeriod} for connections marked with {@link GracefulCloseHandler#longLived}: streams and tunnels, which are never
         * idle and never finish by themselves. Default 20 s: as long as {@code gracePeriod}.
         */
        public Builder longLivedPeriod(Duration longLivedPeriod) {
            longLivedPeriodSet = Checks.nanos(longLivedPeriod, "longLivedPeriod");
            return this;
        }

        /**
         * The absolute limit of the whole drain, counted from {@code drain()}. It is also the deadline of every close in the drain. Leave
         * enough time for a close between the grace period and this limit, and a few seconds between this and the platform's own limit
         * (Kubernetes: {@code terminationGracePeriodSeconds}, 30 s; systemd: {@code TimeoutStopSec}, 90 s). Default 30 s.
         */
        public Builder drainTimeout(Duration drainTimeout) {
            drainTimeoutNanos = Checks.nanos(drainTimeout, "drainTimeout");
            return this;
        }

        /** How often {@link DrainListener#onProgress} is called. At least 100 ms; default 1 s. */
        public Builder progressInterval(Duration progressInterval) {
            long nanos = Checks.nanos(progressInterval, "progressInterval");
            if (progressInterval.compareTo(MIN_PROGRESS_INTERVAL) < 0) {
                throw new IllegalArgumentException(
                        "progressInterval: " + DurationText.of(progressInterval) + " (expected: "
                                + DurationText.of(MIN_PROGRESS_INTERVAL) + " to " + DurationText.of(Checks.MAX) + ")");
            }
            progressIntervalNanos = nanos;
            return this;
        }

        /** How many of the oldest open connections {@link DrainProgress#blockers()} names. 0 to 1000; default 5. */
        public Builder maxBlockers(int maxBlockers) {
            if (maxBlockers < 0 || maxBlockers > 1000) {
                throw new IllegalArgumentException("maxBlockers: " + maxBlockers + " (expected: 0 to 1000)");
            }
            this.maxBlockers = maxBlockers;
            return this;
        }

        /**
         * The policy.
         *
         * @throws IllegalStateException if the times do not fit into each other: {@code announceDelay} and the longer of
         *     {@code gracePeriod} and {@code longLivedPeriod} must leave a twentieth of {@code drainTimeout}, {@code
         *     closeSpread} must not be longer than either period, and {@code unansweredPeriod} not longer than {@code gracePeriod}
         */
        public DrainPolicy build() {
            long period = Math.max(gracePeriodNanos(), longLivedPeriodNanos());
            if (announceDelayNanos + period > drainTimeoutNanos - drainTimeoutNanos / FORCING_PART) {
                throw new IllegalStateException("drainTimeout " + DurationText.ofNanos(drainTimeoutNanos)
                        + " is too short: needs at least " + DurationText.of(leastFor(announceDelayNanos + period))
                        + ", a twentieth more than announceDelay " + DurationText.ofNanos(announceDelayNanos) + " and "
                        + (gracePeriodNanos() < period ? "longLivedPeriod " : "gracePeriod ")
                        + DurationText.ofNanos(period));
            }
            long shortest = Math.min(gracePeriodNanos(), longLivedPeriodNanos());
            if (closeSpreadNanos > shortest) {
                throw new IllegalStateException("closeSpread: " + DurationText.ofNanos(closeSpreadNanos)
                        + " (expected: at most the shorter of gracePeriod and longLivedPeriod, "
                        + DurationText.ofNanos(shortest) + ")");
            }
            if (unansweredPeriodNanos() > gracePeriodNanos()) {
                throw new IllegalStateException("unansweredPeriod: " + DurationText.ofNanos(unansweredPeriodNanos())
                        + " (expected: at most gracePeriod, " + DurationText.ofNanos(gracePeriodNanos()) + ")");
            }
            return new DrainPolicy(this);
        }

        /** The least drainTimeout that leaves a twentieth for forcing, rounded up to 100 ms, or to 1 ms below 1 s. */
        private static Duration leastFor(long periodsNanos) {
            long least = roundedUp(periodsNanos * FORCING_PART, FORCING_PART - 1);
            long step = least >= 1_000_000_000 ? 100_000_000 : 1_000_000;
            return Duration.ofNanos(roundedUp(least, step) * step);
        }

        private static long roundedUp(long dividend, long divisor) {
            return (dividend + divisor - 1) / divisor;
        }

        private long unansweredPeriodNanos() {
            return unansweredPeriodSet == null ? gracePeriodNanos() : unansweredPeriodSet;
        }

        private long gracePeriodNanos() {
            return gracePeriodSet == null
                    ? Math.max(0, drainTimeoutNanos - announceDelayNanos) / 3 * 2
                    : gracePeriodSet;
        }

        private long longLivedPeriodNanos() {
            return longLivedPeriodSet == null ? gracePeriodNanos() : longLivedPeriodSet;
        }
    }
}
