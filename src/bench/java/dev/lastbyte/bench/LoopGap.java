package dev.lastbyte.bench;

import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;

<<<<<<< HEAD
/**
 * The longest time for which an event loop was busy with something else: a task asks to run each millisecond, and notes how late
 * it runs. What the machine takes away from the thread counts too. Confined to the event loop, but for {@link #watch} and {@link
 * #end}.
 */
final class LoopGap implements Runnable {
    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final EventLoop loop;
    private long due;
    private long longest;
    private boolean ended;
=======
/** How late an event loop runs a task that is due each millisecond: for so long everybody else had to wait. Thread-safe. */
final class LoopGap {
    private static final long PERIOD_NANOS = 1_000_000;

    private final EventLoop loop;
    private volatile boolean stopped;
    private volatile long worstNanos;
    private long dueNanos; // on the event loop only
>>>>>>> hc

    private LoopGap(EventLoop loop) {
        this.loop = loop;
    }

<<<<<<< HEAD
    /** Begins to watch, before the caller goes on. */
    static LoopGap watch(EventLoop loop) throws InterruptedException {
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
    void reset() throws InterruptedException {
        loop.submit(() -> longest = 0).sync();
    }

    /** Ends the watch. */
    double endMillis() throws InterruptedException {
        return loop.submit(() -> {
                    ended = true;
                    longest = Math.max(longest, System.nanoTime() - due); // overdue now, and hidden by this task
                    return longest / 1e6;
                })
                .sync()
                .getNow();
=======
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
>>>>>>> hc
    }
}
