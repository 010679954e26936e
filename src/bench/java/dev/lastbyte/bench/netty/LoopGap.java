package dev.lastbyte.bench.netty;

import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;

/**
 * The longest time for which an event loop was busy with something else: a task asks to run each millisecond, and notes how late
 * it runs. What the machine takes away from the thread counts too. Confined to the event loop, but for {@link #watch} and {@link
 * #endMillis}.
 */
public final class LoopGap implements Runnable {
    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final EventLoop loop;
    private long due;
    private long longest;
    private boolean ended;

    private LoopGap(EventLoop loop) {
        this.loop = loop;
    }

    /** Begins to watch, before the caller goes on. */
    public static LoopGap watch(EventLoop loop) throws InterruptedException {
        LoopGap gap = new LoopGap(loop);
        loop.submit(gap::next).sync();
        return gap;
    }

    @Override
    public void run() {
        longest = Math.max(longest, System.nanoTime() - due);
        if (!ended) {
            next();
        }
    }

    private void next() {
        due = System.nanoTime() + STEP_NANOS;
        loop.schedule(this, STEP_NANOS, TimeUnit.NANOSECONDS);
    }

    /** Forgets what was so far. */
    public void reset() throws InterruptedException {
        loop.submit(() -> longest = 0).sync();
    }

    /** Ends the watch. */
    public double endMillis() throws InterruptedException {
        return loop.submit(() -> {
                    ended = true;
                    longest = Math.max(longest, System.nanoTime() - due); // overdue now, and hidden by this task
                    return longest / 1e6;
                })
                .sync()
                .getNow();
    }
}
