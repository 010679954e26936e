package dev.lastbyte.bench;

import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;

/** How late an event loop runs a task that is due each millisecond: for so long everybody else had to wait. Thread-safe. */
final class LoopGap {
    private static final long PERIOD_NANOS = 1_000_000;

    private final EventLoop loop;
    private volatile boolean stopped;
    private volatile long worstNanos;
    private long dueNanos; // on the event loop only

    private LoopGap(EventLoop loop) {
        this.loop = loop;
    }

    static LoopGap watch(EventLoop loop) {
        LoopGap gap = new LoopGap(loop);
        loop.execute(gap::schedule);
        return gap;
    }

    private void schedule() {
        dueNanos = System.nanoTime() + PERIOD_NANOS;
        loop.schedule(this::tick, PERIOD_NANOS, TimeUnit.NANOSECONDS);
    }

    private void tick() {
        worstNanos = Math.max(worstNanos, System.nanoTime() - dueNanos);
        if (!stopped) {
            schedule();
        }
    }

    /** Ends the watch with one more tick, and returns the greatest lateness in milliseconds. */
    double stop() throws InterruptedException {
        stopped = true;
        loop.schedule(() -> {}, 2 * PERIOD_NANOS, TimeUnit.NANOSECONDS).await(); // the last tick is due before it
        return worstNanos / 1e6;
    }
}
