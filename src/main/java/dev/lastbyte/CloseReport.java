package dev.lastbyte;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What is known about the end of one connection: how sure we are, why it ended, what was lost and how long it took.
 * Delivered once to the {@link CloseListener} and to {@link GracefulCloseHandler#report}. Immutable.
 */
public final class CloseReport {
    /** Where a close stood when its end was decided. Immutable. */
    public enum Step {
        /** There was no close to speak of: the connection ended before {@code close()} reached the handler, or was never connected. */
        NONE('-'),
        /** At its very beginning: nothing was pending, and it was not to wait. */
        START('S'),
        /** Written bytes were on their way into the kernel. */
        FLUSH('F'),
        /** The last byte was in the kernel, and our FIN was being sent. */
        HALF_CLOSE('H'),
        /** Our FIN was sent; input was read and dropped until the peer ends its side. */
        DISCARD('D'),
        /** The peer's acknowledgements were waited for, without reading. */
        LINGER('L');

        private static final Step[] ALL = values();

        private final byte letter;

        Step(char letter) {
            this.letter = (byte) letter;
        }

        static Step of(byte letter) {
            for (Step step : ALL) {
                if (step.letter == letter) {
                    return step;
                }
            }
            throw new IllegalArgumentException("letter: " + letter);
        }

        /** The second letter of {@link CloseReport#code()}. */
        byte letter() {
            return letter;
        }
    }

    private final CloseOutcome outcome;
    private final CloseCause cause;
    private final Step step;
    private final CloseStrategy strategy;
    private final String transport;
    private final @Nullable SocketAddress remoteAddress;
    private final long discardedBytes;
    private final long unsentBytes;
    private final long unacknowledgedBytes;
    private final long flushNanos;
    private final long discardNanos;
    private final long totalNanos;
    private final @Nullable Throwable failure;
    private final @Nullable FarewellReport farewell;
    private final @Nullable TlsEnd tlsEnd;

    CloseReport(Builder builder) {
        outcome = Objects.requireNonNull(builder.outcome, "outcome");
        cause = Objects.requireNonNull(builder.cause, "cause");
        step = builder.step;
        strategy = builder.strategy;
        transport = builder.transport;
        remoteAddress = builder.remoteAddress;
        discardedBytes = builder.discardedBytes;
        unsentBytes = builder.unsentBytes;
        unacknowledgedBytes = builder.unacknowledgedBytes;
        flushNanos = builder.flushNanos;
        discardNanos = builder.discardNanos;
        totalNanos = builder.totalNanos;
        failure = builder.failure;
        farewell = builder.farewell;
        tlsEnd = builder.tlsEnd;
    }

    /** How much is known about what the peer received. */
    public CloseOutcome outcome() {
        return outcome;
    }

    /** Why the close ended when it did. */
    public CloseCause cause() {
        return cause;
    }

    /** In which step of the close its end was decided. */
    public Step step() {
        return step;
    }

    /**
     * The cause and the step in two letters, to search logs for: {@code EF} is an EOF while the answer was being flushed. The letters
     * never change; docs/troubleshooting.md lists them, with what to do.
     */
    public String code() {
        return String.valueOf(new char[] {cause.letter(), (char) step.letter()});
    }

    /** The strategy that was configured. */
    public CloseStrategy strategy() {
        return strategy;
    }

    /** The transport: {@code nio}, {@code epoll}, {@code io_uring}, with {@code -unix} for Unix sockets, or a class name. */
    public String transport() {
        return transport;
    }

    /** The peer's address, or empty where the channel had none. */
    public Optional<SocketAddress> remoteAddress() {
        return Optional.ofNullable(remoteAddress);
    }

    /** Bytes read from the peer and dropped after {@code close()}. */
    public long discardedBytes() {
        return discardedBytes;
    }

    /**
     * Bytes that the channel had accepted but that never reached the kernel, flushed or not; more than 0 means that the
     * answer was cut. Counted when the channel closes, whoever closes it. Where {@code shutdownOutput()} has dropped bytes
     * before, they are not among them.
     */
    public long unsentBytes() {
        return unsentBytes;
    }

    /**
     * Bytes handed to the kernel that the peer's TCP had not acknowledged when last looked at, or empty where the
     * kernel cannot be asked.
     */
    public OptionalLong unacknowledgedBytes() {
        return unacknowledgedBytes < 0 ? OptionalLong.empty() : OptionalLong.of(unacknowledgedBytes);
    }

    /** From {@code close()} until the last byte was in the kernel. */
    public Duration flushTime() {
        return Duration.ofNanos(flushNanos);
    }

    /** From the last byte in the kernel until the wait for the peer ended. */
    public Duration discardTime() {
        return Duration.ofNanos(discardNanos);
    }

    /** From {@code close()} until the channel was closed. */
    public Duration totalTime() {
        return Duration.ofNanos(totalNanos);
    }

    /** The exception that ended the connection, if there was one. */
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /** What the protocol's last words came to, or empty if the pipeline has no handler that says any. */
    public Optional<FarewellReport> farewell() {
        return Optional.ofNullable(farewell);
    }

    /**
     * How the peer ended its TLS stream, or empty where no TLS handler stood behind the {@code GracefulCloseHandler} when the
     * close began.
     */
    public Optional<TlsEnd> tlsEnd() {
        return Optional.ofNullable(tlsEnd);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(160)
                .append(code())
                .append(' ')
                .append(outcome)
                .append(" (")
                .append(cause)
                .append(known())
                .append(") ")
                .append(strategy)
                .append(" on ")
                .append(transport)
                .append(", discarded ")
                .append(discardedBytes)
                .append(" B, unsent ")
                .append(unsentBytes)
                .append(" B, unacknowledged ");
        if (unacknowledgedBytes < 0) {
            text.append("unknown");
        } else {
            text.append(unacknowledgedBytes).append(" B");
        }
        text.append(", flush ")
                .append(flushNanos / 1000)
                .append(" us, wait ")
                .append(discardNanos / 1000)
                .append(" us, total ")
                .append(totalNanos / 1000)
                .append(" us");
        if (tlsEnd != null) {
            text.append(", TLS end ").append(tlsEnd);
        }
        if (failure != null) {
            text.append(", failure ").append(failure);
        }
        if (farewell != null) {
            text.append(", ").append(farewell);
        }
        return text.toString();
    }

    /** What an unconfirmed close saw all the same: the word alone reads like a loss. */
    private String known() {
        if (outcome != CloseOutcome.UNCONFIRMED) {
            return "";
        }
        return (cause == CloseCause.EOF ? ": peer closed, " : ": nothing known to be lost, ")
                + (unacknowledgedBytes < 0
                        ? "acknowledgements unknown on " + transport
                        : "not all acknowledgements seen");
    }

    /** Collects what a report says. Confined to the channel's event loop. */
    static final class Builder {
        final CloseStrategy strategy;
        final String transport;
        final @Nullable SocketAddress remoteAddress;

        @Nullable
        CloseOutcome outcome;

        @Nullable
        CloseCause cause;

        Step step = Step.NONE;
        long discardedBytes;
        long unsentBytes;
        long unacknowledgedBytes = -1;
        long flushNanos;
        long discardNanos;
        long totalNanos;

        @Nullable
        Throwable failure;

        @Nullable
        FarewellReport farewell;

        @Nullable
        TlsEnd tlsEnd;

        Builder(CloseStrategy strategy, String transport, @Nullable SocketAddress remoteAddress) {
            this.strategy = strategy;
            this.transport = transport;
            this.remoteAddress = remoteAddress;
        }

        CloseReport build() {
            return new CloseReport(this);
        }
    }
}
