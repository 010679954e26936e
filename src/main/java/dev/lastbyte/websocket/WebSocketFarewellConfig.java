package dev.lastbyte.websocket;

import dev.lastbyte.internal.Checks;
import dev.lastbyte.internal.DurationText;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;

/**
 * What a {@link WebSocketFarewellHandler} says, and how long it waits. One instance serves any number of connections.
 *
 * <p>Durations lie between 1 ms and 24 h. Values out of range are rejected, never corrected. Immutable.
 */
public final class WebSocketFarewellConfig {
    static final int DEFAULT_STATUS = 1001;
    static final Duration DEFAULT_MESSAGE_TIMEOUT = Duration.ofSeconds(5);
    static final Duration DEFAULT_ANSWER_TIMEOUT = Duration.ofSeconds(5);

    /** A control frame carries 125 bytes (RFC 6455, 5.5), of which the status takes two. */
    static final int MAX_REASON_BYTES = 123;

    private static final WebSocketFarewellConfig DEFAULTS = builder().build();

    private final int status;
    private final String reason;
    private final Duration messageTimeout;
    private final Duration answerTimeout;
    private final boolean farewellAtDrain;

    private WebSocketFarewellConfig(Builder builder) {
        status = builder.status;
        reason = builder.reason;
        messageTimeout = builder.messageTimeout;
        answerTimeout = builder.answerTimeout;
        farewellAtDrain = builder.farewellAtDrain;
    }

    /** The configuration with every default. */
    public static WebSocketFarewellConfig defaults() {
        return DEFAULTS;
    }

    /** A builder that starts with every default. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts with the values of this configuration. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.status = status;
        builder.reason = reason;
        builder.messageTimeout = messageTimeout;
        builder.answerTimeout = answerTimeout;
        builder.farewellAtDrain = farewellAtDrain;
        return builder;
    }

    /** The status of the Close frame; 1001, going away, by default. */
    public int status() {
        return status;
    }

    /** The reason in the Close frame; empty by default. */
    public String reason() {
        return reason;
    }

    /** How long the Close frame waits for the rest of a message that has begun; 5 s by default. */
    public Duration messageTimeout() {
        return messageTimeout;
    }

    /** How long to wait for the peer's Close; 5 s by default. */
    public Duration answerTimeout() {
        return answerTimeout;
    }

    /** Whether the farewell begins as soon as a drain reaches the connection; not by default. */
    public boolean isFarewellAtDrain() {
        return farewellAtDrain;
    }

    @Override
    public String toString() {
        return "WebSocketFarewellConfig{status=" + status + ", reason=" + reason + ", messageTimeout="
                + DurationText.of(messageTimeout) + ", answerTimeout=" + DurationText.of(answerTimeout)
                + ", farewellAtDrain=" + farewellAtDrain + "}";
    }

    /**
     * Collects the values of a {@link WebSocketFarewellConfig}. Each setter checks its value at once and throws {@link
     * NullPointerException} or {@link IllegalArgumentException} with the parameter's name, the value and the range. Not
     * thread-safe.
     */
    public static final class Builder {
        private int status = DEFAULT_STATUS;
        private String reason = "";
        private Duration messageTimeout = DEFAULT_MESSAGE_TIMEOUT;
        private Duration answerTimeout = DEFAULT_ANSWER_TIMEOUT;
        private boolean farewellAtDrain;

        private Builder() {}

        /**
         * The status of the Close frame: one that a server may send (RFC 6455, 7.4, and the registry that it set up), such as
         * 1012, service restart. Default 1001, going away.
         */
        public Builder status(int status) {
            if (!mayBeSent(status)) {
                throw new IllegalArgumentException(
                        "status: " + status + " (expected: 1000 to 1003, 1007 to 1009, 1011 to 1014, or 3000 to 4999)");
            }
            this.status = status;
            return this;
        }

        /** The reason in the Close frame, at most 123 bytes of UTF-8. Default empty. */
        public Builder reason(String reason) {
            int bytes = Objects.requireNonNull(reason, "reason").getBytes(StandardCharsets.UTF_8).length;
            if (bytes > MAX_REASON_BYTES) {
                throw new IllegalArgumentException(
                        "reason: " + bytes + " bytes of UTF-8 (expected: at most " + MAX_REASON_BYTES + ")");
            }
            this.reason = reason;
            return this;
        }

        /**
         * How long the Close frame waits while the application is in the middle of a fragmented message; at most half of the time
         * that a drain has left. After that the message stays truncated: only control frames may come between fragments, and nothing
         * at all after a Close (RFC 6455, 5.4 and 5.5.1). Default 5 s.
         */
        public Builder messageTimeout(Duration messageTimeout) {
            Checks.nanos(messageTimeout, "messageTimeout");
            this.messageTimeout = messageTimeout;
            return this;
        }

        /**
         * How long to wait for the peer's Close after ours; at most half of the time that a drain has left. Default 5 s.
         */
        public Builder answerTimeout(Duration answerTimeout) {
            Checks.nanos(answerTimeout, "answerTimeout");
            this.answerTimeout = answerTimeout;
            return this;
        }

        /**
         * Begins the farewell as soon as the connection hears {@link dev.lastbyte.drain.DrainEvent}. Default: when the manager closes the
         * connection, within {@link dev.lastbyte.drain.DrainPolicy#longLivedPeriod()} and spread by {@link
         * dev.lastbyte.drain.DrainPolicy#closeSpread()}.
         */
        public Builder farewellAtDrain() {
            farewellAtDrain = true;
            return this;
        }

        /** The configuration. */
        public WebSocketFarewellConfig build() {
            return new WebSocketFarewellConfig(this);
        }

        /** Excludes what no frame may carry (1004 to 1006, 1015), what is a client's (1010), and what is unassigned. */
        private static boolean mayBeSent(int status) {
            return (status >= 1000 && status <= 1003)
                    || (status >= 1007 && status <= 1014 && status != 1010)
                    || (status >= 3000 && status <= 4999);
        }
    }
}
