package dev.lastbyte.http;

import dev.lastbyte.CloseOverride;
import dev.lastbyte.internal.Checks;
import dev.lastbyte.internal.DurationText;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The limits and choices of an {@link HttpFarewellHandler}. One instance serves any number of connections.
 *
 * <p>Durations lie between 1 ms and 24 h. Values out of range are rejected, never corrected. Immutable.
 */
public final class HttpFarewellConfig {
    static final Duration DEFAULT_MIN_IDLE_PROTECTION = Duration.ofSeconds(1);
    static final Duration DEFAULT_ANSWER_TIMEOUT = Duration.ofSeconds(30);
    static final boolean DEFAULT_HALF_CLOSE = true;

    private static final HttpFarewellConfig DEFAULTS = builder().build();

    private final long minIdleProtectionNanos; // 0: none
    private final long answerTimeoutNanos;
    private final @Nullable CloseOverride earlyAnswers;
    private final boolean halfClose;

    private HttpFarewellConfig(Builder builder) {
        minIdleProtectionNanos = builder.minIdleProtectionNanos;
        answerTimeoutNanos = builder.answerTimeoutNanos;
        earlyAnswers = builder.earlyAnswers;
        halfClose = builder.halfClose;
    }

    /** The configuration with every default. */
    public static HttpFarewellConfig defaults() {
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

    /** How long after its last response an idle connection stays open; 1 s by default, empty if it is not protected. */
    public Optional<Duration> minIdleProtection() {
        return minIdleProtectionNanos == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(minIdleProtectionNanos));
    }

    /** How long a close that is held back waits for the answer to a request that comes meanwhile; 30 s by default. */
    public Duration answerTimeout() {
        return Duration.ofNanos(answerTimeoutNanos);
    }

    /** Other limits for a close after an early answer, if there are any. */
    public Optional<CloseOverride> earlyAnswers() {
        return Optional.ofNullable(earlyAnswers);
    }

    /** Whether a client that ends its side of the connection still gets the answers to its requests; it does by default. */
    public boolean servesHalfClosedClients() {
        return halfClose;
    }

    long minIdleProtectionNanos() {
        return minIdleProtectionNanos;
    }

    long answerTimeoutNanos() {
        return answerTimeoutNanos;
    }

    @Override
    public String toString() {
        return "HttpFarewellConfig{minIdleProtection="
                + minIdleProtection().map(DurationText::of).orElse("none")
                + ", answerTimeout=" + DurationText.of(answerTimeout()) + ", earlyAnswers="
                + (earlyAnswers == null ? "as configured" : "overridden") + ", halfClose=" + halfClose + "}";
    }

    /**
     * Collects the values of an {@link HttpFarewellConfig}. Each setter checks its value at once and throws {@link
     * NullPointerException} or {@link IllegalArgumentException} with the parameter's name, the value and the range. Not
     * thread-safe.
     */
    public static final class Builder {
        private long minIdleProtectionNanos = DEFAULT_MIN_IDLE_PROTECTION.toNanos();
        private long answerTimeoutNanos = DEFAULT_ANSWER_TIMEOUT.toNanos();
        private @Nullable CloseOverride earlyAnswers;
        private boolean halfClose = DEFAULT_HALF_CLOSE;

        private Builder() {}

        private Builder(HttpFarewellConfig config) {
            minIdleProtectionNanos = config.minIdleProtectionNanos;
            answerTimeoutNanos = config.answerTimeoutNanos;
            earlyAnswers = config.earlyAnswers;
            halfClose = config.halfClose;
        }

        /**
         * How long an idle connection stays open after its last response, or after it was opened, whoever calls {@code close()}: the
         * client's next request may be on its way (nginx: {@code keepalive_min_timeout}). Choose a value longer than the slowest
         * client's round trip and the pause between two requests. Default 1 s.
         */
        public Builder minIdleProtection(Duration minIdleProtection) {
            minIdleProtectionNanos = Checks.nanos(minIdleProtection, "minIdleProtection");
            return this;
        }

        /** Lets {@code close()} of an idle connection go on at once. */
        public Builder withoutIdleProtection() {
            minIdleProtectionNanos = 0;
            return this;
        }

        /**
         * How long a close that {@link #minIdleProtection} holds back waits for the last byte of the answer, if a request comes
         * meanwhile. In a drain the limit is what is left of {@code gracePeriod}, or half of what is left of the drain if that is
         * more. Default 30 s.
         */
        public Builder answerTimeout(Duration answerTimeout) {
            answerTimeoutNanos = Checks.nanos(answerTimeout, "answerTimeout");
            return this;
        }

        /**
         * Other limits for a close after an early answer, such as 413, 417 or 431: the answer is complete, and the rest of its
         * request is still arriving. A close that was called with limits of its own keeps them. Default: the connection's limits.
         */
        public Builder earlyAnswers(CloseOverride limits) {
            earlyAnswers = Objects.requireNonNull(limits, "earlyAnswers");
            return this;
        }

        /**
         * Takes a client that ends its side of the connection for one that has gone, although its requests are unanswered: the connection
         * is closed, and what has been written is still sent. Most clients that send FIN have gone; scripts such as {@code printf … | nc
         * -N} and some RPC clients still read. With half-close a client that leaves during a long poll holds its connection until the
         * next write fails, or for {@link dev.lastbyte.GracefulCloseConfig#peerHalfCloseTimeout()}; the application hears of the FIN at
         * once ({@link dev.lastbyte.ConnectionEvents#peerEnded}) and may close by itself. Default: half-closed clients are served.
         */
        public Builder withoutHalfClose() {
            halfClose = false;
            return this;
        }

        /** The configuration. */
        public HttpFarewellConfig build() {
            return new HttpFarewellConfig(this);
        }
    }
}
