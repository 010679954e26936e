package dev.lastbyte.spring;

import dev.lastbyte.CloseStrategy;
import dev.lastbyte.PeerHalfClose;
import dev.lastbyte.StalledPeer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The properties of an application. What is null is not set, and stays as the library has it; a name that is unknown stops the start.
 * Immutable.
 *
 * @param enabled Whether the server is drained when the application stops, and its connections close gracefully.
 * @param maxClosing How many connections may be in their close sequence at once; above that the oldest close is cut short. Default 10000.
 * @param maxClosingBytes How many bytes connections in their close sequence may hold together; above that the oldest close is cut short.
 *     Default 1GB.
 */
@ConfigurationProperties(prefix = "lastbyte", ignoreUnknownFields = false)
record LastbyteProperties(
        @DefaultValue("true") boolean enabled,
        @Nullable Integer maxClosing,
        @Nullable DataSize maxClosingBytes,
        @DefaultValue Drain drain,
        @DefaultValue Close close,
        @DefaultValue Http http,
        @DefaultValue Http2 http2,
        @DefaultValue WebSocket webSocket) {

    /**
     * The times of the drain when the application stops.
     *
     * @param timeout The absolute limit of the whole drain. It must be a second shorter than spring.lifecycle.timeout-per-shutdown-phase.
     *     Default: two seconds shorter than that, 28s.
     * @param announceDelay How long the server goes on serving with readiness off, so that load balancers stop sending traffic first.
     *     Default 0s.
     * @param acceptTimeout How long the listener may take to accept the connections that the kernel has queued. Default 3s.
     * @param idleAfter How long a connection without an open request must have been silent to be idle. Default 5s.
     * @param closeSpread The time over which the closes of idle connections are spread. Default 0s, at once.
     * @param gracePeriod How long requests in progress may continue after the announcement. Default: two thirds of what the timeout leaves.
     * @param unansweredPeriod How long a silent connection whose peer spoke last is kept, if nobody counts its requests. Default: as long as
     *     the grace period.
     * @param longLivedPeriod How long WebSockets may continue after the announcement. Default: as long as the grace period.
     * @param progressInterval How often a DrainListener bean hears of the progress. Default 1s.
     * @param maxBlockers How many of the oldest open connections a progress names. Default 5.
     */
    record Drain(
            @Nullable Duration timeout,
            @Nullable Duration announceDelay,
            @Nullable Duration acceptTimeout,
            @Nullable Duration idleAfter,
            @Nullable Duration closeSpread,
            @Nullable Duration gracePeriod,
            @Nullable Duration unansweredPeriod,
            @Nullable Duration longLivedPeriod,
            @Nullable Duration progressInterval,
            @Nullable Integer maxBlockers) {}

    /**
     * The limits of each connection's close, also while the application runs.
     *
     * @param timeout The absolute limit of a close. Default 60s.
     * @param strategy What is done after the flush. Default full.
     * @param flushTimeout How long bytes may wait without one leaving or being acknowledged. Default 30s.
     * @param eofTimeout How long the peer may take in total to end its side after the FIN. Default 30s.
     * @param stallTimeout How long a peer that has acknowledged every byte may say nothing after the FIN. Default 5s.
     * @param quietPeriod How long a peer that has everything must be silent to be let go. Default 250ms.
     * @param deliveredTimeout How long a peer that has everything may go on talking. Default 5s.
     * @param maxDiscardedBytes How many bytes of input are discarded at most. Default 64MB.
     * @param discardRate Bytes per second that are read and discarded at most.
     * @param unlimitedDiscardRate Whether input is discarded as fast as the peer sends.
     * @param stalledPeer What becomes of unacknowledged bytes when the wait is over. Default leave-to-kernel.
     * @param peerHalfClose What happens when the peer ends its side first. Default finish-writes.
     * @param peerHalfCloseGrace How long writes are awaited after a peer's early FIN when nothing is pending. Default: not at all.
     * @param peerHalfCloseTimeout How long a connection stays open after a peer's early FIN while no byte leaves. Default 60s.
     */
    record Close(
            @Nullable Duration timeout,
            @Nullable CloseStrategy strategy,
            @Nullable Duration flushTimeout,
            @Nullable Duration eofTimeout,
            @Nullable Duration stallTimeout,
            @Nullable Duration quietPeriod,
            @Nullable Duration deliveredTimeout,
            @Nullable DataSize maxDiscardedBytes,
            @Nullable DataSize discardRate,
            @DefaultValue("false") boolean unlimitedDiscardRate,
            @Nullable StalledPeer stalledPeer,
            @Nullable PeerHalfClose peerHalfClose,
            @Nullable Duration peerHalfCloseGrace,
            @Nullable Duration peerHalfCloseTimeout) {}

    /**
     * The farewell of HTTP/1.1.
     *
     * @param minIdleProtection How long an idle connection stays open after its last response, because the next request may be on its way;
     *     0s for not at all. Default 1s.
     * @param answerTimeout How long a close that is held back waits for the answer to a request that comes meanwhile. Default 30s.
     * @param halfClose Whether a client that ends its side of the connection still gets the answers to its requests.
     */
    record Http(
            @Nullable Duration minIdleProtection,
            @Nullable Duration answerTimeout,
            @DefaultValue("true") boolean halfClose) {}

    /**
     * The farewell of HTTP/2.
     *
     * @param pingTimeout How long the peer may take to acknowledge the PING before GOAWAY names the last stream.
     * @param limit How long PING and streams together hold a close back.
     */
    record Http2(@DefaultValue("1s") Duration pingTimeout, @DefaultValue("30s") Duration limit) {}

    /**
     * The farewell of WebSocket.
     *
     * @param status The status of the Close frame. Default 1001, going away.
     * @param reason The reason in the Close frame, at most 123 bytes of UTF-8. Default empty.
     * @param messageTimeout How long the Close frame waits for the rest of a message that has begun. Default 5s.
     * @param answerTimeout How long to wait for the peer's Close. Default 5s.
     * @param farewellAtDrain Whether the farewell begins as soon as a drain reaches the connection, not when long-lived-period ends.
     */
    record WebSocket(
            @Nullable Integer status,
            @Nullable String reason,
            @Nullable Duration messageTimeout,
            @Nullable Duration answerTimeout,
            @DefaultValue("false") boolean farewellAtDrain) {}
}
