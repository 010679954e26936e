package dev.lastbyte.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Calls of {@code close()} that wait, and the timer that bounds their wait. Confined to the channel's event loop. */
final class HeldClose {
    private final ChannelHandlerContext ctx;
    private final Runnable onTimer;
    private final List<ChannelPromise> promises = new ArrayList<>(1);
    private @Nullable Future<?> timer;

    /** Runs an action when the wait has taken too long. */
    HeldClose(ChannelHandlerContext ctx, Runnable onTimer) {
        this.ctx = ctx;
        this.onTimer = onTimer;
    }

    boolean isHolding() {
        return !promises.isEmpty();
    }

    void add(ChannelPromise promise) {
        promises.add(promise);
    }

    /** Ends the wait after so long, and not after what was said before. */
    void limit(long nanos) {
        cancelTimer();
        try {
            timer = ctx.executor().schedule(onTimer, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            onTimer.run(); // the event loop is being shut down
        }
    }

    /** Nothing waits any more; returns what has. */
    List<ChannelPromise> release() {
        cancelTimer();
        List<ChannelPromise> released = List.copyOf(promises);
        promises.clear();
        return released;
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }
}
