package dev.lastbyte;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A timer of one open connection: wakes what holds its output back, or waits after its peer's FIN, at the next moment at which
 * something may be due. (Closes have {@link LoopTimer}.) It is moved forward only when it must fire earlier; a wake-up that came too early just arms it again. Confined to the
 * channel's event loop.
 */
final class CloseTimer {
    private final ChannelHandlerContext ctx;
    private final SystemView system;
    private final Runnable wakeUp;
    private @Nullable Future<?> scheduled;
    private long dueNanos;

    CloseTimer(ChannelHandlerContext ctx, SystemView system, Runnable wakeUp) {
        this.ctx = ctx;
        this.system = system;
        this.wakeUp = wakeUp;
    }

    long now() {
        return system.nanoTime();
    }

    /** Wakes up at the given moment, or earlier. */
    void armAt(long nanos) {
        if (scheduled != null) {
            if (dueNanos - nanos <= 0) {
                return;
            }
            scheduled.cancel(false);
        }
        dueNanos = nanos;
        scheduled = ctx.executor().schedule(this::fire, Math.max(0, nanos - now()), TimeUnit.NANOSECONDS);
    }

    void cancel() {
        if (scheduled != null) {
            scheduled.cancel(false);
            scheduled = null;
        }
    }

    private void fire() {
        scheduled = null;
        if (ctx.executor().inEventLoop()) {
            wakeUp.run();
        } else {
            ctx.executor().execute(wakeUp); // the channel has moved to another event loop
        }
    }
}
