package dev.lastbyte;

import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.NettyGuard;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TransportKind;
import dev.lastbyte.internal.UnsentOutput;
import dev.lastbyte.internal.jfr.ConnectionCloseEvent;
import dev.lastbyte.internal.jfr.Recording;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The record of one close, and who is told: gathers facts while the sequence runs, then derives the outcome, completes the close
 * promises, and publishes the report to the log, to the future kept with the channel, and to the user's listener. A channel holds
 * that future from the moment somebody asks for it, and its report once it is closed. Confined to the channel's event loop, but for
 * {@link #reportOf}.
 */
final class CloseRecord {
    private static final Logger LOG = Loggers.of(CloseRecord.class);
    private static final AttributeKey<Promise<CloseReport>> REPORT = AttributeKey.valueOf(CloseRecord.class, "report");

    /** What few closes have: those that go wrong, or are recorded. */
    private static final class Rarity {
        private @Nullable ConnectionCloseEvent event;
        private long stepNanos;
        private @Nullable Throwable failure;
        private @Nullable Throwable suspect;
        private long unsentBytes;
    }

    private final long startNanos;
    private long flushedNanos;
    private long waitEndedNanos;
    private @Nullable Object promises; // one, or a list of several
    private @Nullable CloseCause cause;
    private @Nullable Rarity rarity;
    private boolean published;
    private boolean flushed;
    private byte endStep =
            CloseReport.Step.NONE.letter(); // the letter, as tens of thousands of closes may wait at once
    private boolean reset;
    private boolean aborted;
    private boolean cut;
    private boolean streamUnknown;
    private boolean peerClosedAfterDelivery;

    CloseRecord(long startNanos) {
        this.startNanos = startNanos;
        ConnectionCloseEvent event = Recording.beginClose();
        if (event != null) {
            rarity().event = event;
            rarity().stepNanos = startNanos;
        }
    }

    // ---- connections that end without a close sequence -------------------------------------------------------------

    /** Reports on a channel that ended without a close sequence, unless it has been reported. */
    static void reportWithoutClose(ChannelHandlerContext ctx, Connection connection, long now, CloseCause cause) {
        if (promise(ctx.channel()).isSuccess()) {
            return;
        }
        CloseReport.Builder report = builder(ctx.channel(), connection.config());
        OptionalLong lost = UnsentOutput.of(ctx.channel());
        if (lost.isPresent()) {
            report.unsentBytes = lost.getAsLong();
            report.failure = Resets.transportFailure(ctx.channel());
        }
        boolean reset = cause == CloseCause.RESET || Resets.isConnectionLost(report.failure);
        report.cause = reset ? CloseCause.RESET : cause;
        report.outcome = reset
                ? CloseOutcome.RESET_BY_PEER
                : lost.isPresent() ? CloseOutcome.UNDELIVERED : CloseOutcome.UNCONFIRMED;
        ChannelHandlerContext tls = Placement.tlsBehind(ctx);
        report.tlsEnd = tls == null ? null : TlsClose.endWithoutClose(tls, cause);
        new CloseRecord(now).publish(ctx.channel(), connection.config(), connection, report, 0, false);
    }

    /** Why the transport closes a channel without asking. */
    static CloseCause transportCause(Channel channel) {
        return channel.eventLoop().isShuttingDown() ? CloseCause.EVENT_LOOP_SHUTDOWN : CloseCause.TRANSPORT;
    }

    void join(ChannelPromise promise) {
        ChannelPromise joined = promise.unvoid();
        if (published) {
            joined.trySuccess();
        } else if (promises == null) {
            promises = joined;
        } else {
            if (promises instanceof ChannelPromise first) {
                promises = new ArrayList<>(List.of(first));
            }
            promises().add(joined);
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

    /** The end is decided in this step: the wait for the peer is over, or never began. */
    void waitEnded(CloseReport.Step step, long now) {
        endStep = step.letter();
        waitEndedNanos = now;
    }

    /** A step is over, or the socket closed: for a recording. */
    void left(CloseReport.Step step, SystemView system) {
        Rarity known = rarity;
        ConnectionCloseEvent event = known == null ? null : known.event;
        if (known == null || event == null) {
            return;
        }
        long now = system.nanoTime();
        long time = now - known.stepNanos;
        known.stepNanos = now;
        switch (step) {
            case START, FLUSH -> {} // the report says it
            case HALF_CLOSE -> event.halfCloseTime = time;
            case DISCARD -> event.discardTime = time;
            case LINGER -> event.lingerTime = time;
            case NONE -> event.socketCloseTime = time;
        }
    }

    /** Names the reason; the first one counts. */
    void cause(CloseCause reason) {
        if (cause == null) {
            cause = reason;
        }
    }

    /** Whether the application wants a reset. */
    boolean isAbort() {
        return cause == CloseCause.ABORTED;
    }

    /** Keeps the first exception, and whether it says that the connection is lost. */
    void failed(Throwable cause) {
        Rarity known = rarity();
        if (known.failure == null) {
            known.failure = cause;
        }
        reset |= Resets.isConnectionLost(cause);
    }

    private Rarity rarity() {
        Rarity known = rarity;
        if (known == null) {
            known = new Rarity();
            rarity = known;
        }
        return known;
    }

    /** Keeps an exception that may be the transport's; a reset that follows tells. */
    void suspect(Throwable cause) {
        rarity().suspect = cause;
    }

    /** The peer has reset the connection. */
    void reset(boolean byPeer) {
        Throwable suspect = rarity == null ? null : rarity.suspect;
        if (byPeer && suspect != null) {
            failed(suspect);
        }
        reset |= byPeer;
    }

    boolean isReset() {
        return reset;
    }

    /** The output is truncated: so many bytes never reached the kernel. */
    void cut(long unsentBytes) {
        cut = true;
        rarity().unsentBytes = unsentBytes;
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

    // ---- the report ------------------------------------------------------------------------------------------------

    /** Begins the report with what is known here. */
    CloseReport.Builder describe(
            Channel channel, GracefulCloseConfig config, Delivery delivery, boolean finSent, long now) {
        cause(CloseCause.TRANSPORT);
        CloseReport.Builder report = builder(channel, config);
        report.outcome = outcome(delivery, finSent);
        report.cause = isOverruled(delivery) ? CloseCause.RESET : cause;
        report.unacknowledgedBytes = streamUnknown ? -1 : delivery.unacknowledged(finSent);
        report.step = CloseReport.Step.of(endStep);
        boolean waitEnded = report.step != CloseReport.Step.NONE;
        report.flushNanos = (flushed ? flushedNanos : waitEnded ? waitEndedNanos : now) - startNanos;
        report.discardNanos = flushed && waitEnded ? waitEndedNanos - flushedNanos : 0;
        report.totalNanos = now - startNanos;
        Rarity known = rarity;
        if (known != null) {
            report.failure = known.failure;
            report.unsentBytes = known.unsentBytes;
        }
        if (cause == CloseCause.EVENT_LOOP_SHUTDOWN) {
            NettyGuard.warnLoopShutdown(channel);
        }
        return report;
    }

    private static CloseReport.Builder builder(Channel channel, GracefulCloseConfig config) {
        return new CloseReport.Builder(config.strategy(), TransportKind.label(channel), channel.remoteAddress());
    }

    /**
     * Completes every promise and tells everybody: first who holds a future, then the user's listener, last the manager, so that all
     * listeners have been told when a drain is over.
     *
     * @param lateBytes how many bytes of the application's were dropped, at least
     * @param finFirst whether our FIN was sent, and the peer had not ended its side when the close began
     */
    void publish(
            Channel channel,
            GracefulCloseConfig config,
            Connection connection,
            CloseReport.Builder report,
            long lateBytes,
            boolean finFirst) {
        FarewellSource farewell = FarewellSource.of(channel);
        report.farewell = farewell == null ? null : farewell.report(lateBytes, isEndedByPeer(report, finFirst));
        CloseReport result = report.build();
        published = true;
        try {
            LOG.debug("{} {}", channel, result);
            record(channel, result);
            promise(channel).trySuccess(result);
            for (ChannelPromise promise : promises()) {
                promise.trySuccess();
            }
            promises = null;
            tell(config.listener(), channel, result);
        } finally {
            connection.closed(channel, result);
        }
    }

    /** Leaves the report to Flight Recorder, if it wants it. */
    private void record(Channel channel, CloseReport report) {
        ConnectionCloseEvent begun = rarity == null ? null : rarity.event;
        ConnectionCloseEvent event = begun == null ? Recording.endClose() : begun;
        if (event == null || !event.shouldCommit()) {
            return;
        }
        event.channel = channel.id().asShortText();
        event.remoteAddress = report.remoteAddress().map(Object::toString).orElse(null);
        event.code = report.code();
        event.outcome = report.outcome().name();
        event.cause = report.cause().name();
        event.strategy = report.strategy().name();
        event.transport = report.transport();
        FarewellReport words = report.farewell().orElse(null);
        if (words != null) {
            event.farewell = words.protocol() + " " + words.outcome();
            event.farewellTime = words.time().toNanos();
            event.refusedRequests = words.refusedRequests();
            event.lostRequests = words.lostRequests();
        }
        event.flushTime = report.flushTime().toNanos();
        event.discardedBytes = report.discardedBytes();
        event.unsentBytes = report.unsentBytes();
        event.unacknowledgedBytes = report.unacknowledgedBytes().orElse(-1);
        event.tlsEnd = report.tlsEnd().map(TlsEnd::name).orElse(null);
        event.failure = report.failure().map(Throwable::toString).orElse(null);
        event.commit();
    }

    private static void tell(@Nullable CloseListener listener, Channel channel, CloseReport report) {
        if (listener != null) {
            try {
                listener.onClose(channel, report);
            } catch (Throwable t) {
                LOG.warn("{} the closeListener threw; its exception changes nothing: {}", channel, listener, t);
            }
        }
    }

    /** The report of a channel, now or later. From any thread. */
    static Future<CloseReport> reportOf(Channel channel, boolean hasHandler) {
        if (hasHandler || (channel.hasAttr(REPORT) && channel.attr(REPORT).get() != null)) {
            return promise(channel);
        }
        return new DefaultPromise<CloseReport>(EventLoops.of(channel))
                .setFailure(new IllegalStateException(
                        "no GracefulCloseHandler in the pipeline of " + channel + ": add it first to get a report"));
    }

    private static Promise<CloseReport> promise(Channel channel) {
        Attribute<Promise<CloseReport>> attribute = channel.attr(REPORT);
        Promise<CloseReport> present = attribute.get();
        if (present != null) {
            return present;
        }
        Promise<CloseReport> promise = new DefaultPromise<>(EventLoops.of(channel));
        promise.setUncancellable(); // it belongs to all who ask for it
        Promise<CloseReport> earlier = attribute.setIfAbsent(promise);
        return earlier == null ? promise : earlier;
    }

    /** A reset ends every wait, even if it was learnt of when a limit had ended that already. */
    private boolean isOverruled(Delivery delivery) {
        return (reset || delivery.isLost())
                && cause != CloseCause.WRITE_FAILED
                && cause != CloseCause.EVENT_LOOP_SHUTDOWN
                && cause != CloseCause.ERROR;
    }

    private CloseOutcome outcome(Delivery delivery, boolean finSent) {
        if (reset || delivery.isLost()) {
            boolean whole = flushed && !cut && !streamUnknown && delivery.hadEverything(finSent);
            return whole ? CloseOutcome.DELIVERED : CloseOutcome.RESET_BY_PEER;
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
    private static boolean isEndedByPeer(CloseReport.Builder report, boolean finFirst) {
        return report.outcome == CloseOutcome.RESET_BY_PEER
                || report.cause == CloseCause.RESET
                || (report.cause == CloseCause.EOF && !finFirst)
                || report.cause == CloseCause.TRANSPORT;
    }

    /** Whether the sequence gave up waiting for something it wanted to see. */
    static boolean isLimit(@Nullable CloseCause cause) {
        return cause == CloseCause.STALLED
                || cause == CloseCause.EOF_TIMEOUT
                || cause == CloseCause.DEADLINE
                || cause == CloseCause.BYTE_LIMIT
                || cause == CloseCause.FORCED
                || cause == CloseCause.ABORTED
                || cause == CloseCause.DRAIN_DEADLINE
                || cause == CloseCause.EVICTED;
    }
}
