package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is learnt about the end of one connection, and who is told: gathers facts while the sequence runs, then derives the
 * outcome, completes the close promises and publishes the report. Confined to the channel's event loop.
 */
final class CloseEnd {
    private final Channel channel;
    private final CloseTerms terms;
    private final CloseReport.Builder report;
    private final long startNanos;
    private final List<ChannelPromise> promises = new ArrayList<>(1);
    private long flushedNanos;
    private long waitEndedNanos;
    private long lateBytes;
    private boolean finSent;
    private boolean flushed;
    private boolean waitEnded;
    private boolean reset;
    private boolean aborted;
    private boolean cut;
    private boolean streamUnknown;
    private boolean peerClosedAfterDelivery;

    CloseEnd(ChannelHandlerContext ctx, CloseTerms terms, long startNanos) {
        channel = ctx.channel();
        this.terms = terms;
        this.startNanos = startNanos;
        report = new CloseReport.Builder(
                terms.config().strategy(), TransportKind.label(channel), channel.remoteAddress());
    }

    /** Reports on a channel that ended without a close sequence. */
    static void reportWithoutClose(ChannelHandlerContext ctx, CloseTerms terms, CloseCause cause) {
        CloseEnd end = new CloseEnd(ctx, terms, terms.system().nanoTime());
        end.cause(cause);
        end.report.outcome = cause == CloseCause.RESET ? CloseOutcome.RESET_BY_PEER : CloseOutcome.UNCONFIRMED;
        TlsWatch tls = TlsWatch.of(ctx);
        end.tlsEnd(tls == null ? null : cause == CloseCause.TRANSPORT ? tls.endBelow() : tls.end(false));
        end.publish();
    }

    /** Why the transport closes a channel without asking. */
    static CloseCause transportCause(Channel channel) {
        return channel.eventLoop().isShuttingDown() ? CloseCause.EVENT_LOOP_SHUTDOWN : CloseCause.TRANSPORT;
    }

    void join(ChannelPromise promise) {
        ChannelPromise joined = promise.unvoid();
        if (report.outcome == null) {
            promises.add(joined);
        } else {
            joined.trySuccess();
        }
    }

    /** Everything written is in the kernel. */
    void flushed(long now) {
        flushed = true;
        flushedNanos = now;
    }

    boolean isFlushed() {
        return flushed;
    }

    /** The wait for the peer is over, or never began. */
    void waitEnded(long now) {
        waitEnded = true;
        waitEndedNanos = now;
    }

    /** Names the reason; the first one counts. */
    void cause(CloseCause cause) {
        if (report.cause == null) {
            report.cause = cause;
        }
    }

    /** Keeps the first exception, and whether it says that the connection is lost. */
    void failed(Throwable cause) {
        if (report.failure == null) {
            report.failure = cause;
        }
        reset |= TransportErrors.isConnectionLost(cause);
    }

    /** The peer has reset the connection. */
    void reset(boolean byPeer) {
        reset |= byPeer;
    }

    boolean isReset() {
        return reset;
    }

    /** The answer is cut: so many bytes never reached the kernel. */
    void cut(long unsentBytes) {
        cut = true;
        report.unsentBytes = unsentBytes;
    }

    /** This side resets the connection, if the transport took the option. */
    void aborted(boolean taken) {
        aborted = taken;
    }

    /** The output had been shut down before: whether bytes were dropped by that cannot be known. */
    void streamUnknown() {
        streamUnknown = true;
    }

    /** The peer's FIN was read after ours was sent. */
    void eofAfterFin(boolean delivered) {
        peerClosedAfterDelivery = delivered;
    }

    /** How the peer ended its TLS stream, null without TLS. */
    void tlsEnd(@Nullable TlsEnd how) {
        report.tlsEnd = how;
    }

    /** So many bytes of the peer's application came after {@code close()}, at least. */
    void lateBytes(long bytes) {
        lateBytes = bytes;
    }

    /** Derives the outcome, completes every promise and tells everybody. */
    void complete(DeliveryWatch delivery, boolean finSent, long discardedBytes, long now) {
        cause(CloseCause.TRANSPORT);
        this.finSent = finSent;
        report.discardedBytes = discardedBytes;
        report.unacknowledgedBytes = streamUnknown ? -1 : delivery.unacknowledged(finSent);
        report.flushNanos = (flushed ? flushedNanos : waitEnded ? waitEndedNanos : now) - startNanos;
        report.discardNanos = flushed && waitEnded ? waitEndedNanos - flushedNanos : 0;
        report.totalNanos = now - startNanos;
        report.outcome = outcome(delivery);
        if (report.cause == CloseCause.EVENT_LOOP_SHUTDOWN) {
            NettyGuard.warnLoopShutdown(channel);
        }
        publish();
    }

    private void publish() {
        report.farewell = Goodbye.report(channel, lateBytes, isEndedByPeer());
        CloseReport result = report.build();
        try {
            CloseReports.publish(channel, result);
            for (ChannelPromise promise : promises) {
                promise.trySuccess();
            }
            promises.clear();
            CloseReports.tell(terms.config().listener(), channel, result);
        } finally {
            terms.watch().closed(result); // last: when a drain is over, every listener has been told
        }
    }

    private CloseOutcome outcome(DeliveryWatch delivery) {
        if (reset || delivery.isLost()) {
            return CloseOutcome.RESET_BY_PEER;
        }
        if (aborted) {
            return CloseOutcome.ABORTED;
        }
        if (cut || !flushed) {
            return CloseOutcome.UNDELIVERED;
        }
        if (streamUnknown) {
            return CloseOutcome.UNCONFIRMED;
        }
        if (delivery.isDelivered()) {
            return peerClosedAfterDelivery ? CloseOutcome.PEER_CLOSED : CloseOutcome.DELIVERED;
        }
        return delivery.canTell() && isLimit(report.cause) ? CloseOutcome.UNDELIVERED : CloseOutcome.UNCONFIRMED;
    }

    /** Whether the peer has left by itself, without waiting for what it asked. */
    private boolean isEndedByPeer() {
        return report.outcome == CloseOutcome.RESET_BY_PEER
                || (report.cause == CloseCause.EOF && !finSent)
                || report.cause == CloseCause.TRANSPORT;
    }

    /** Whether the sequence gave up waiting for something it wanted to see. */
    static boolean isLimit(@Nullable CloseCause cause) {
        return cause == CloseCause.STALLED
                || cause == CloseCause.EOF_TIMEOUT
                || cause == CloseCause.DEADLINE
                || cause == CloseCause.BYTE_LIMIT
                || cause == CloseCause.FORCED
                || cause == CloseCause.DRAIN_DEADLINE
                || cause == CloseCause.EVICTED;
    }
}
