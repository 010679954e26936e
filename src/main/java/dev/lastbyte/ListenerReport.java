package dev.lastbyte;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What is known about the stop of one listener: what it held off, what it lost and how long it took. Immutable. */
public final class ListenerReport {
    private final @Nullable SocketAddress localAddress;
    private final String transport;
    private final boolean closedBefore;
    private final boolean filtered;
    private final OptionalLong unaccepted;
    private final long nanos;
    private final @Nullable Throwable failure;

    ListenerReport(
            @Nullable SocketAddress localAddress,
            String transport,
            boolean closedBefore,
            boolean filtered,
            OptionalLong unaccepted,
            long nanos,
            @Nullable Throwable failure) {
        this.localAddress = localAddress;
        this.transport = transport;
        this.closedBefore = closedBefore;
        this.filtered = filtered;
        this.unaccepted = unaccepted;
        this.nanos = nanos;
        this.failure = failure;
    }

    /** The address the listener was bound to, or empty if it had none. */
    public Optional<SocketAddress> localAddress() {
        return Optional.ofNullable(localAddress);
    }

    /** The transport: {@code nio}, {@code epoll}, {@code io_uring}, with {@code -unix} for Unix sockets, or a class name. */
    public String transport() {
        return transport;
    }

    /** Whether the listener was closed already when it was to be stopped; nothing else is known then. */
    public boolean wasClosedBefore() {
        return closedBefore;
    }

    /**
     * Whether new connections were held off while those that had begun were accepted: on epoll and io_uring. A TCP client
     * tries again by itself; that of a Unix socket is refused, as it would be after the close.
     */
    public boolean isFiltered() {
        return filtered;
    }

    /**
     * Connections that waited to be accepted, or whose handshake was under way, when the listener was closed. Those who
     * waited were reset, or cut on a Unix socket; clients in a handshake are when they next send. Handshakes of clients
     * that are gone count too.
     * Empty where the kernel could not be asked in time, where another listener has the same port and handshakes were
     * left, or where connections were not held off, so that any number is out of date as soon as it is read.
     */
    public OptionalLong unaccepted() {
        return unaccepted;
    }

    /** From the order to stop until the listener was closed. */
    public Duration time() {
        return Duration.ofNanos(nanos);
    }

    /** What went wrong, if anything did; the listener may still be open if its event loop does not answer. */
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(120)
                .append("listener ")
                .append(localAddress)
                .append(" on ")
                .append(transport);
        if (closedBefore) {
            return text.append(", closed before").toString();
        }
        text.append(filtered ? ", new connections held off" : ", new connections not held off")
                .append(", unaccepted ");
        if (unaccepted.isPresent()) {
            text.append(unaccepted.getAsLong());
        } else {
            text.append("unknown");
        }
        text.append(", ").append(nanos / 1000).append(" us");
        if (failure != null) {
            text.append(", failure ").append(failure);
        }
        return text.toString();
    }
}
