package dev.lastbyte.drain;

import dev.lastbyte.CloseReport;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is known about one connection that was open when a drain looked at it. Immutable. */
public final class OpenConnection {
    /** What a connection was doing. Immutable. */
    public enum State {
        /** It has an open exchange, queued output, or was not silent for long enough. */
        BUSY,
        /** It is idle, and waits for its turn to be closed. */
        IDLE,
        /** It is marked as long-lived. */
        LONG_LIVED,
        /** Its close has been asked for and a protocol sends its farewell, or its close sequence runs. */
        CLOSING
    }

    private final String id;
    private final String transport;
    private final @Nullable SocketAddress remoteAddress;
    private final State state;
    private final long ageNanos;
    private final int openExchanges;
    private final long pendingBytes;
    private final @Nullable CloseReport report;

    OpenConnection(
            String id,
            String transport,
            @Nullable SocketAddress remoteAddress,
            State state,
            long ageNanos,
            int openExchanges,
            long pendingBytes,
            @Nullable CloseReport report) {
        this.id = Objects.requireNonNull(id, "id");
        this.transport = transport;
        this.remoteAddress = remoteAddress;
        this.state = state;
        this.ageNanos = ageNanos;
        this.openExchanges = openExchanges;
        this.pendingBytes = pendingBytes;
        this.report = report;
    }

    /** The short id of the channel, as Netty prints it in logs. */
    public String id() {
        return id;
    }

    /** The transport, as in {@link CloseReport#transport()}. */
    public String transport() {
        return transport;
    }

    /** The peer's address, or empty if the channel had none. */
    public Optional<SocketAddress> remoteAddress() {
        return Optional.ofNullable(remoteAddress);
    }

    /** What it was doing. */
    public State state() {
        return state;
    }

    /** How long it has been open. */
    public Duration age() {
        return Duration.ofNanos(ageNanos);
    }

    /** How many exchanges have begun and not ended, as the protocol reports. */
    public int openExchanges() {
        return openExchanges;
    }

    /**
     * Written bytes that had not reached the kernel, as Netty counts them (about a hundred more for each write). For a closing connection
     * that has been flushed: bytes that the peer's TCP had not acknowledged, where the kernel tells.
     */
    public long pendingBytes() {
        return pendingBytes;
    }

    /** The report of its close, or empty while it is open. Always present for the stragglers of a {@link DrainReport}. */
    public Optional<CloseReport> report() {
        return Optional.ofNullable(report);
    }

    long ageNanos() {
        return ageNanos;
    }

    OpenConnection closed(CloseReport report) {
        return new OpenConnection(id, transport, remoteAddress, state, ageNanos, openExchanges, pendingBytes, report);
    }

    @Override
    public String toString() {
        return id + " " + (remoteAddress == null ? "(no address)" : remoteAddress) + " on " + transport + " " + state
                + ", open for " + ageNanos / 1_000_000 + " ms, " + openExchanges + " exchanges, " + pendingBytes
                + " B pending" + (report == null ? "" : ", " + report.outcome() + " (" + report.cause() + ")");
    }
}
