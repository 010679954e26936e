package dev.lastbyte.farewell;

import dev.lastbyte.CloseOverride;
import dev.lastbyte.CloseReport;
import dev.lastbyte.ConnectionEvents;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.FarewellSource;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.Checks;
import dev.lastbyte.internal.HeldCloses;
import dev.lastbyte.internal.Loggers;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.time.Duration;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The farewell of one connection: holds {@code close()} back while a protocol sends its last words and awaits the peer's answer, and
 * keeps what comes of it for the {@link CloseReport}. It is for authors of protocol handlers; a simple protocol needs only a {@link
 * Farewell}. The handler passes on what it hears:
 *
 * <pre>{@code
 * handlerAdded(ctx)                                → farewell = FarewellExchange.on(ctx, "my protocol", limit),
 *                                                    GracefulCloseHandler.listen(ctx, this)
 * close(ctx, promise)                              → farewell.say(promise, this::writeLastWords)
 * the peer's answer, or no answer is expected      → farewell.answered(), farewell.said()
 * ConnectionEvents.drain                           → farewell.drain(drain); if words are sent then, farewell.soFar(outcome)
 * ConnectionEvents.peerEnded, channelInactive      → farewell.inputEnded()
 * handlerRemoved                                   → farewell.leave()
 * }</pre>
 *
 * It calls {@code ctx.close()} after the answer, after its limit, at the end of input, or after half of the time that a drain has
 * left, whichever comes first. A connection has one exchange at a time; the next one, as after a protocol upgrade, takes over the
 * counts. Confined to the channel's event loop.
 */
public final class FarewellExchange {
    /** What it means if the peer sends something after the last words, see {@link FarewellExchange#lateInput}. */
    public enum LateInput {
        /** Nothing: the rest of an upload that nobody wants, or frames of a protocol that numbers its requests. */
        EXPECTED,
        /** A request of a peer that had been told not to send any: it knows that the request was not served. */
        REFUSED,
        /** A request that crossed our FIN: the peer cannot know whether it was served. */
        LOST
    }

    private enum Step {
        SILENT,
        SAYING,
        OVER
    }

    private static final Logger LOG = Loggers.of(FarewellExchange.class);

    private final ChannelHandlerContext ctx;
    private final String protocol;
    private final long limitNanos;
    private final HeldCloses held = new HeldCloses();
    private Step step = Step.SILENT;
    private FarewellReport.Outcome outcome = FarewellReport.Outcome.NOT_SAID;
    private LateInput lateInput = LateInput.EXPECTED;
    private ConnectionEvents.@Nullable Drain drain;
    private boolean inputEnded;
    private LongSupplier inProgress = () -> 0;
    private volatile boolean counts;
    private volatile boolean left;
    private long refused;
    private long lost;
    private long startNanos;
    private long endNanos;

    private FarewellExchange(ChannelHandlerContext ctx, String protocol, long limitNanos) {
        this.ctx = ctx;
        this.protocol = protocol;
        this.limitNanos = limitNanos;
    }

    /**
     * Begins the exchange of a connection.
     *
     * @param ctx the context of the protocol's handler, from which {@code close()} goes on
     * @param protocol the protocol's name, for reports
     * @param limit how long to wait for the answer; between 1 ms and 24 h
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if {@code limit} is out of range
     */
    public static FarewellExchange on(ChannelHandlerContext ctx, String protocol, Duration limit) {
        Objects.requireNonNull(ctx, "ctx");
        Objects.requireNonNull(protocol, "protocol");
        FarewellExchange begun = new FarewellExchange(ctx, protocol, Checks.nanos(limit, "limit"));
        FarewellSource earlier = FarewellSource.of(ctx.channel());
        if (earlier != null) {
            FarewellReport before = earlier.report(0, true); // without what is in progress
            begun.refused = before.refusedRequests();
            begun.lost = before.lostRequests();
        }
        FarewellSource.leave(ctx.channel(), begun.new Source());
        return begun;
    }

    // ---- what the handler tells ------------------------------------------------------------------------------------

    /**
     * {@code close()} was called: sends the last words, and passes the close on when the farewell is over. A further close joins the
     * first.
     *
     * @param promise the promise of the close
     * @param words writes and flushes the last words; may call {@link #said} or {@link #answered} at once. An exception that it throws
     *     is logged, and the connection closed
     */
    public void say(ChannelPromise promise, Runnable words) {
        if (step == Step.OVER || !ctx.channel().isActive()) {
            ctx.close(promise);
            return;
        }
        held.add(promise);
        if (step == Step.SAYING) {
            return;
        }
        step = Step.SAYING;
        if (outcome == FarewellReport.Outcome.NOT_SAID) {
            outcome = FarewellReport.Outcome.UNANSWERED;
        }
        startNanos = System.nanoTime();
        try {
            words.run();
        } catch (RuntimeException | Error e) {
            LOG.warn("{} {} could not send its farewell; closing", ctx.channel(), protocol, e);
            done();
        }
        if (inputEnded) {
            done();
        }
        limitWait();
    }

    /** Whether the last words are being sent or have been sent. */
    public boolean isBegun() {
        return step != Step.SILENT;
    }

    /** The peer has answered. Does nothing before {@link #say} and when the farewell is over. */
    public void answered() {
        finish(FarewellReport.Outcome.ANSWERED);
    }

    /** The last words are out, and no answer is expected. Does nothing before {@link #say} and when the farewell is over. */
    public void said() {
        finish(FarewellReport.Outcome.SAID);
    }

    /**
     * Sets the outcome that is reached so far, for a protocol that sends its words before {@code close()}, or waits for more than the
     * answer after it. ANSWERED is never taken back. Does nothing when the farewell is over.
     */
    public void soFar(FarewellReport.Outcome reached) {
        Objects.requireNonNull(reached, "reached");
        if (step != Step.OVER && outcome != FarewellReport.Outcome.ANSWERED) {
            outcome = reached;
        }
    }

    /** There is nothing more to wait for; the outcome is that of {@link #soFar}. Does nothing unless {@link #say} is waiting. */
    public void done() {
        finish(outcome);
    }

    /** Nothing more will be read: an answer cannot come. */
    public void inputEnded() {
        inputEnded = true;
        done();
    }

    /** The server is being drained: the farewell takes at most half of the time that is left. */
    public void drain(ConnectionEvents.Drain begun) {
        drain = Objects.requireNonNull(begun, "begun");
        limitWait();
    }

    /** The handler leaves the pipeline. A close that waits goes on. */
    public void leave() {
        left = true;
        done();
    }

    /** Counts requests that were not served, of which their sender knows that. */
    public void refused(long requests) {
        refused += requests;
    }

    /** Counts requests that were not served, or not completely, of which their sender cannot know that. */
    public void lost(long requests) {
        lost += requests;
    }

    /**
     * How many requests are being served, the last byte of their answers not yet in the kernel. It is asked when the connection has
     * ended; unless the peer ended it, these requests are {@link #lost}. This counts what bypasses the handler, as {@link
     * GracefulCloseHandler#closeNow} and the deadline of a drain do. The protocol that follows does not take it over.
     *
     * <p>A protocol that calls this also reports its exchanges ({@link GracefulCloseHandler#exchangeStarted}): a drain then takes the
     * connection for idle while none is open, whoever spoke last.
     */
    public void inProgress(LongSupplier requests) {
        inProgress = Objects.requireNonNull(requests, "requests");
        counts = true;
    }

    /**
     * Gives the close that follows other limits, unless it was called with limits of its own. Does nothing without a {@link
     * GracefulCloseHandler}, and when the close sequence has begun.
     */
    public void limits(CloseOverride limits) {
        Objects.requireNonNull(limits, "limits").offerTo(ctx.channel());
    }

    /** What input means that arrives after {@code close()} was passed on; {@link LateInput#EXPECTED} by default. */
    public void lateInput(LateInput meaning) {
        lateInput = Objects.requireNonNull(meaning, "meaning");
    }

    // ---- inside ----------------------------------------------------------------------------------------------------

    private void limitWait() {
        if (step == Step.SAYING) {
            long left = startNanos + limitNanos - System.nanoTime();
            long limit = drain == null ? left : Math.min(left, drain.timeLeft().toNanos() / 2);
            held.limit(ctx.executor(), this::onLimit, limit);
        }
    }

    private void onLimit() {
        LOG.debug("{} {} has not been answered", ctx.channel(), protocol);
        done();
    }

    private void finish(FarewellReport.Outcome end) {
        if (step == Step.SAYING) {
            soFar(end);
            step = Step.OVER;
            endNanos = System.nanoTime();
            held.release().forEach(ctx::close);
        }
    }

    /** What the close and a drain ask. Confined to the channel's event loop, except what is marked otherwise. */
    private final class Source implements FarewellSource {
        @Override
        public FarewellReport report(long lateBytes, boolean peerEnded) {
            return FarewellExchange.this.report(lateBytes, peerEnded);
        }

        @Override
        public boolean countsExchanges(boolean reported) {
            return !left && (counts || reported);
        }
    }

    private FarewellReport report(long lateBytes, boolean peerEnded) {
        long late = lateBytes > 0 ? 1 : 0;
        long unfinished = peerEnded ? 0 : unfinished();
        return new FarewellReport(
                protocol,
                outcome,
                refused + (lateInput == LateInput.REFUSED ? late : 0),
                Math.max(0, lost + unfinished) + (lateInput == LateInput.LOST ? late : 0),
                Duration.ofNanos(step == Step.OVER ? endNanos - startNanos : 0));
    }

    private long unfinished() {
        try {
            return inProgress.getAsLong();
        } catch (RuntimeException e) {
            LOG.warn("{} {} cannot say what is in progress", ctx.channel(), protocol, e);
            return 0;
        }
    }
}
