package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds back {@code close()} while a protocol says its last words, and keeps what becomes of them for the {@link CloseReport}.
 * For authors of protocol handlers; a simple protocol needs only a {@link Farewell}. The handler passes to it what it
 * hears:
 *
 * <pre>{@code
 * handlerAdded(ctx)                                → goodbye = Goodbye.on(ctx, "my protocol", limit)
 * close(ctx, promise)                              → goodbye.say(promise, this::writeLastWords)
 * the peer's answer, or none is expected           → goodbye.answered(), goodbye.said()
 * DrainEvent                                       → goodbye.drain(event); if it speaks then, goodbye.soFar(outcome)
 * ChannelInputShutdownEvent, channelInactive       → goodbye.inputEnded()
 * handlerRemoved                                   → goodbye.leave()
 * }</pre>
 *
 * Then it calls {@code ctx.close()}: after the answer, after its limit, at the end of input, at half of the time that a drain
 * still has, whichever comes first. Each connection has one at a time; one that follows, as after an upgrade of the protocol, takes
 * over the counts. Confined to the channel's event loop.
 */
public final class Goodbye {
    private static final AttributeKey<Goodbye> KEY = AttributeKey.valueOf("dev.lastbyte.GOODBYE");

    private enum Step {
        SILENT,
        SAYING,
        OVER
    }

    private final ChannelHandlerContext ctx;
    private final String protocol;
    private final long limitNanos;
    private final List<ChannelPromise> promises = new ArrayList<>(1);
    private Step step = Step.SILENT;
    private FarewellOutcome outcome = FarewellOutcome.NOT_SAID;
    private LateInput lateInput = LateInput.EXPECTED;
    private @Nullable DrainEvent drain;
    private @Nullable Future<?> timer;
    private boolean inputEnded;
    private LongSupplier inProgress = () -> 0;
    private long refused;
    private long lost;
    private long startNanos;
    private long endNanos;

    private Goodbye(ChannelHandlerContext ctx, String protocol, long limitNanos) {
        this.ctx = ctx;
        this.protocol = protocol;
        this.limitNanos = limitNanos;
    }

    /**
     * Makes the goodbye of a connection.
     *
     * @param ctx the context of the protocol's handler: {@code close()} goes on from there
     * @param protocol the protocol's name, for reports
     * @param limit how long an answer is waited for; between 1 ms and 24 h
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if {@code limit} is out of range
     */
    public static Goodbye on(ChannelHandlerContext ctx, String protocol, Duration limit) {
        Objects.requireNonNull(ctx, "ctx");
        Objects.requireNonNull(protocol, "protocol");
        Goodbye begun = new Goodbye(ctx, protocol, Checks.nanos(limit, "limit"));
        Goodbye earlier = ctx.channel().attr(KEY).getAndSet(begun);
        if (earlier != null) {
            begun.refused = earlier.refused;
            begun.lost = earlier.lost;
        }
        return begun;
    }

    // ---- what the handler tells ------------------------------------------------------------------------------------

    /**
     * {@code close()} has come: says the words, and passes it on when the goodbye is over. A further one joins the first.
     *
     * @param promise of the close
     * @param words writes and flushes them; may call {@link #said} or {@link #answered} at once. Whatever it throws is logged, and
     *     the connection closed
     */
    public void say(ChannelPromise promise, Runnable words) {
        if (step == Step.OVER || !ctx.channel().isActive()) {
            ctx.close(promise);
            return;
        }
        promises.add(promise);
        if (step == Step.SAYING) {
            return;
        }
        step = Step.SAYING;
        if (outcome == FarewellOutcome.NOT_SAID) {
            outcome = FarewellOutcome.UNANSWERED;
        }
        startNanos = System.nanoTime();
        try {
            words.run();
        } catch (RuntimeException | Error e) {
            CloseLog.LOG.warn("{} {} could not say goodbye; closing", ctx.channel(), protocol, e);
            leave();
        }
        if (step == Step.SAYING && inputEnded) {
            finish(outcome);
        } else if (step == Step.SAYING) {
            arm();
        }
    }

    /** Whether the words are being said, or have been. */
    public boolean isBegun() {
        return step != Step.SILENT;
    }

    /** The peer has answered. Does nothing before {@link #say} and when the goodbye is over. */
    public void answered() {
        if (step == Step.SAYING) {
            finish(FarewellOutcome.ANSWERED);
        }
    }

    /** The words are out, and there is nothing to wait for. Does nothing before {@link #say} and when the goodbye is over. */
    public void said() {
        if (step == Step.SAYING) {
            finish(FarewellOutcome.SAID);
        }
    }

    /**
     * How far the words have come, for a protocol that speaks before {@code close()}, or waits for more than the answer after
     * it. What has been answered stays so. Does nothing when the goodbye is over.
     */
    public void soFar(FarewellOutcome reached) {
        Objects.requireNonNull(reached, "reached");
        if (step != Step.OVER && outcome != FarewellOutcome.ANSWERED) {
            outcome = reached;
        }
    }

    /** There is nothing more to wait for; the outcome is that of {@link #soFar}. Does nothing unless the words are being said. */
    public void done() {
        if (step == Step.SAYING) {
            finish(outcome);
        }
    }

    /** Nothing more will be read: an answer cannot come. */
    public void inputEnded() {
        inputEnded = true;
        done();
    }

    /** The server is being drained: the goodbye takes at most half of the time that is left. */
    public void drain(DrainEvent event) {
        drain = Objects.requireNonNull(event, "event");
        if (step == Step.SAYING) {
            arm();
        }
    }

    /** The handler leaves the pipeline. A close that waits goes on. */
    public void leave() {
        done();
    }

    /** So many more requests were not served, and their sender knows that. */
    public void refused(long requests) {
        refused += requests;
    }

    /** So many more requests were not served, or not to the end, and their sender cannot know that. */
    public void lost(long requests) {
        lost += requests;
    }

    /**
     * How many requests are being served, the last byte of their answers not yet in the kernel; asked when the connection has ended:
     * unless it was the peer who ended it, they are {@link #lost}. For what bypasses the handler, as {@link
     * GracefulCloseHandler#closeNow} and the deadline of a drain do. Not taken over by the protocol that follows.
     */
    public void inProgress(LongSupplier requests) {
        inProgress = Objects.requireNonNull(requests, "requests");
    }

    /**
     * The close that follows has other limits, unless it was asked for with limits of its own. Does nothing without a {@link
     * GracefulCloseHandler}, and when the close sequence has begun.
     */
    public void limits(CloseOverride limits) {
        Objects.requireNonNull(limits, "limits").offerTo(ctx.channel());
    }

    /** How to take input that arrives after {@code close()} has been passed on; {@link LateInput#EXPECTED} if nothing is said. */
    public void lateInput(LateInput meaning) {
        lateInput = Objects.requireNonNull(meaning, "meaning");
    }

    // ---- inside ----------------------------------------------------------------------------------------------------

    private void arm() {
        DrainEvent draining = drain;
        long left = startNanos + limitNanos - System.nanoTime();
        long limit =
                draining == null ? left : Math.min(left, draining.timeLeft().toNanos() / 2);
        cancelTimer();
        try {
            timer = ctx.executor().schedule(this::onTimer, Math.max(0, limit), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            finish(outcome); // the event loop is being shut down
        }
    }

    private void onTimer() {
        if (step == Step.SAYING) {
            CloseLog.LOG.debug("{} {} has not been answered", ctx.channel(), protocol);
            finish(outcome);
        }
    }

    private void finish(FarewellOutcome end) {
        soFar(end);
        step = Step.OVER;
        endNanos = System.nanoTime();
        cancelTimer();
        List<ChannelPromise> waiting = List.copyOf(promises);
        promises.clear();
        waiting.forEach(ctx::close);
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    /** What a connection's goodbye came to, or null if its protocol has none. */
    static @Nullable FarewellReport report(Channel channel, long lateBytes, boolean peerEnded) {
        Goodbye goodbye = channel.hasAttr(KEY) ? channel.attr(KEY).get() : null;
        return goodbye == null ? null : goodbye.report(lateBytes, peerEnded ? 0 : goodbye.cut());
    }

    /** What is left undone. */
    private long cut() {
        try {
            return inProgress.getAsLong();
        } catch (RuntimeException e) {
            CloseLog.LOG.warn("{} {} cannot say what is in progress", ctx.channel(), protocol, e);
            return 0;
        }
    }

    private FarewellReport report(long lateBytes, long cut) {
        long late = lateBytes > 0 ? 1 : 0;
        return new FarewellReport(
                protocol,
                outcome,
                refused + (lateInput == LateInput.REFUSED ? late : 0),
                Math.max(0, lost + cut) + (lateInput == LateInput.LOST ? late : 0),
                Duration.ofNanos(step == Step.OVER ? endNanos - startNanos : 0));
    }
}
