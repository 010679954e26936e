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
    /** What only a close that goes wrong has. */
    private static final class Trouble {
        private @Nullable Throwable failure;
        private long unsentBytes;
    }

    private final long startNanos;
    private long flushedNanos;
    private long waitEndedNanos;
    private @Nullable Object promises; // one, or a list of several
    private @Nullable CloseCause cause;
    private @Nullable Trouble trouble;
    private boolean published;
    private boolean flushed;
    private boolean waitEnded;
    private boolean reset;
    private boolean aborted;
    private boolean cut;
    private boolean streamUnknown;
    private boolean peerClosedAfterDelivery;

    CloseEnd(long startNanos) {
        this.startNanos = startNanos;
    }

    /** Reports on a channel that ended without a close sequence. */
    static void reportWithoutClose(ChannelHandlerContext ctx, CloseTerms terms, CloseCause cause) {
        CloseReport.Builder report = builder(ctx.channel(), terms);
        report.cause = cause;
        report.outcome = cause == CloseCause.RESET ? CloseOutcome.RESET_BY_PEER : CloseOutcome.UNCONFIRMED;
        TlsWatch tls = TlsWatch.of(ctx);
        report.tlsEnd = tls == null ? null : cause == CloseCause.TRANSPORT ? tls.endBelow() : tls.end(false);
        new CloseEnd(terms.system().nanoTime()).publish(ctx.channel(), terms, report, 0, false);
    }

    private static CloseReport.Builder builder(Channel channel, CloseTerms terms) {
        return new CloseReport.Builder(
                terms.config().strategy(), TransportKind.label(channel), channel.remoteAddress());
    }

    /** Why the transport closes a channel without asking. */
    static CloseCause transportCause(Channel channel) {
        return channel.eventLoop().isShuttingDown() ? CloseCause.EVENT_LOOP_SHUTDOWN : CloseCause.TRANSPORT;
    }

    void join(ChannelPromise promise) {
        ChannelPromise joined = promise.unvoid();
        Object before = promises;
        if (published) {
            joined.trySuccess();
        } else if (before == null) {
            promises = joined;
        } else {
            List<ChannelPromise> several = new ArrayList<>(promises());
            several.add(joined);
            promises = several;
        }
    }

    @SuppressWarnings("unchecked")
    private List<ChannelPromise> promises() {
        Object all = promises;
        if (all == null) {
            return List.of();
        }
        return all instanceof ChannelPromise one ? List.of(one) : (List<ChannelPromise>) all;
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
    void cause(CloseCause reason) {
        if (cause == null) {
            cause = reason;
        }
    }

    /** Keeps the first exception, and whether it says that the connection is lost. */
    void failed(Throwable cause) {
        Trouble known = trouble();
        if (known.failure == null) {
            known.failure = cause;
        }
        reset |= TransportErrors.isConnectionLost(cause);
    }

    private Trouble trouble() {
        Trouble known = trouble;
        if (known == null) {
            known = new Trouble();
            trouble = known;
        }
        return known;
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
        trouble().unsentBytes = unsentBytes;
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

    /** Derives the outcome, completes every promise and tells everybody. */
    void complete(CloseState close, long now) {
        cause(CloseCause.TRANSPORT);
        CloseReport.Builder report = builder(close.channel(), close.terms);
        report.cause = cause;
        report.outcome = outcome(close.delivery);
        report.discardedBytes = close.discardedBytes();
        report.unacknowledgedBytes = streamUnknown ? -1 : close.delivery.unacknowledged(close.finSent);
        report.flushNanos = (flushed ? flushedNanos : waitEnded ? waitEndedNanos : now) - startNanos;
        report.discardNanos = flushed && waitEnded ? waitEndedNanos - flushedNanos : 0;
        report.totalNanos = now - startNanos;
        report.tlsEnd = close.tlsEnd();
        Trouble known = trouble;
        if (known != null) {
            report.failure = known.failure;
            report.unsentBytes = known.unsentBytes;
        }
        if (cause == CloseCause.EVENT_LOOP_SHUTDOWN) {
            NettyGuard.warnLoopShutdown(close.channel());
        }
        long lateBytes = close.applicationBytes().orElse(0);
        publish(close.channel(), close.terms, report, lateBytes, close.finSent);
    }

    private void publish(
            Channel channel, CloseTerms terms, CloseReport.Builder report, long lateBytes, boolean finSent) {
        FarewellSource farewell = FarewellSource.of(channel);
        report.farewell = farewell == null ? null : farewell.report(lateBytes, isEndedByPeer(report, finSent));
        CloseReport result = report.build();
        published = true;
        try {
            CloseReports.publish(channel, result);
            for (ChannelPromise promise : promises()) {
                promise.trySuccess();
            }
            promises = null;
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
        return delivery.canTell() && isLimit(cause) ? CloseOutcome.UNDELIVERED : CloseOutcome.UNCONFIRMED;
    }

    /** Whether the peer has left by itself, without waiting for what it asked. */
    private static boolean isEndedByPeer(CloseReport.Builder report, boolean finSent) {
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
