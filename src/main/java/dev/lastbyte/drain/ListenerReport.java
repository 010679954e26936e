package dev.lastbyte.drain;

import dev.lastbyte.internal.listener.ListenerStop;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** What is known about the stop of one listener: what it held off, what it lost and how long it took. Immutable. */
public final class ListenerReport {
    private final ListenerStop.Result stop;

    ListenerReport(ListenerStop.Result stop) {
        this.stop = stop;
    }

    /** The address that the listener was bound to, or empty if it was closed before it had one. */
    public Optional<SocketAddress> localAddress() {
        return Optional.ofNullable(stop.localAddress());
    }

    /** The transport: {@code nio}, {@code epoll}, {@code io_uring}, with {@code -unix} for Unix sockets, or a class name. */
    public String transport() {
        return stop.transport();
    }

    /** Whether the listener was already closed when the stop began; nothing else is known then. */
    public boolean wasClosedBefore() {
        return stop.closedBefore();
    }

    /**
     * Whether new connections were held off while those that had begun were accepted, as on epoll and io_uring. A TCP client tries again by
     * itself. A client of a Unix socket is refused, as it would be after the close.
     */
    public boolean isFiltered() {
        return stop.filtered();
    }

    /**
     * Connections that waited to be accepted, or whose handshake was under way, when the listener was closed. Those that waited were reset
     * (closed, on a Unix socket); clients in a handshake are reset when they next send. Handshakes of clients that are gone count too.
     * Empty where the kernel could not be asked in time, and where another listener has the same port and handshakes were left. Also empty
     * where connections were not held off: any number would be out of date as soon as it is read.
     */
    public OptionalLong unaccepted() {
        return stop.unaccepted();
    }

    /** Time from the begin of the stop until the listener was closed. */
    public Duration time() {
        return stop.time();
    }

    /** What went wrong, if anything did. The listener may still be open if its event loop does not respond. */
    public Optional<Throwable> failure() {
        return Optional.ofNullable(stop.failure());
    }

    /** Whether the stop went as it should and no client is known to have been left. */
    boolean isClean() {
        return stop.failure() == null && stop.unaccepted().orElse(0) == 0;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(120)
                .append("listener ")
                .append(stop.localAddress())
                .append(" on ")
                .append(stop.transport());
        if (stop.closedBefore()) {
            return text.append(", closed before").toString();
        }
        if (stop.localAddress() == null && stop.failure() == null) {
            return text.append(", closed before it was bound").toString();
        }
        text.append(stop.filtered() ? ", new connections held off" : ", new connections not held off")
                .append(", unaccepted ");
        if (stop.unaccepted().isPresent()) {
            text.append(stop.unaccepted().getAsLong());
        } else {
            text.append("unknown");
        }
        text.append(", ").append(stop.time().toNanos() / 1000).append(" us");
        if (stop.failure() != null) {
            text.append(", failure ").append(stop.failure());
        }
        return text.toString();
    }
}
