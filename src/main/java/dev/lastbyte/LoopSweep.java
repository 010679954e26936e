package dev.lastbyte;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one timer of an event loop for all its connections whose acknowledgements somebody waits for. Each is looked at when it
 * is due, in portions of half a millisecond with nine times as long between them, so that thousands of them take a tenth of
 * the loop at most. There is one only while somebody waits. Confined to its event loop.
 */
final class LoopSweep {
    /** What is looked at until it is over. */
    interface Watched {
        /** Looks, on the loop that watches; returns after how many nanoseconds to look again, or {@link #OVER}. */
        long look();

        /** Looking threw; it is not looked at any more. */
        void failed(Throwable cause);
    }

    /** Nothing is waited for any more. */
    static final long OVER = -1;

    static final long MIN_NANOS = 1_000_000;
    static final long MAX_NANOS = 50_000_000;

    private static final long PORTION_NANOS = 500_000;
    private static final int PAUSE_PORTIONS = 9;
    private static final Map<EventExecutor, LoopSweep> LOOPS = new ConcurrentHashMap<>();

    private final EventExecutor loop;
    private final SystemView system;
    private final PriorityQueue<Watch> queue = new PriorityQueue<>((a, b) -> Long.signum(a.dueNanos - b.dueNanos));
    private @Nullable Future<?> timer;
    private long timerNanos;
    private long pauseEndNanos;
    private int live;
    private boolean sweeping;

    private LoopSweep(EventExecutor loop, SystemView system) {
        this.loop = loop;
        this.system = system;
        pauseEndNanos = system.nanoTime();
    }

    /** Looks at something again and again, for the first time after the given delay. To be called on its loop. */
    static Watch watch(EventExecutor loop, SystemView system, Watched watched, long delayNanos) {
        LoopSweep sweep = LOOPS.computeIfAbsent(loop, l -> new LoopSweep(l, system));
        Watch watch = new Watch(sweep, watched, system.nanoTime() + delayNanos);
        sweep.live++;
        sweep.queue.add(watch);
        if (!sweep.sweeping) {
            sweep.arm();
        }
        return watch;
    }

    /** How often to look: four times a round trip while acknowledgements come, ever more rarely while none do. */
    static long interval(long before, boolean progressed, long rttNanos) {
        long wanted = progressed ? rttNanos / 4 : Math.max(before * 2, rttNanos / 4);
        return Math.max(MIN_NANOS, Math.min(MAX_NANOS, wanted));
    }

    /** How many loops have something to look at. */
    static int activeLoops() {
        return LOOPS.size();
    }

    /** One thing that is looked at. Confined to the loop that watches. */
    static final class Watch {
        private final LoopSweep sweep;
        private final Watched watched;
        private long dueNanos;
        private boolean over;

        private Watch(LoopSweep sweep, Watched watched, long dueNanos) {
            this.sweep = sweep;
            this.watched = watched;
            this.dueNanos = dueNanos;
        }

        /** Looks no more; may be called from another loop. */
        void end() {
            if (sweep.loop.inEventLoop()) {
                endHere();
                return;
            }
            try {
                sweep.loop.execute(this::endHere);
            } catch (RejectedExecutionException e) {
                LOOPS.remove(sweep.loop); // the loop has ended, and all its watching with it
            }
        }

        private void endHere() {
            if (!over) {
                over = true; // it stays in the queue until it would have been due
                sweep.live--;
                if (!sweep.sweeping) {
                    sweep.endIfIdle();
                }
            }
        }
    }

    private void sweep() {
        timer = null;
        sweeping = true;
        long begin = system.nanoTime();
        long now = begin;
        for (Watch due = queue.peek(); due != null && due.dueNanos - begin <= 0; due = queue.peek()) {
            queue.poll();
            if (due.over) {
                continue;
            }
            long next = look(due.watched);
            now = system.nanoTime();
            if (next == OVER) {
                due.endHere();
            } else if (!due.over) {
                due.dueNanos = now + next;
                queue.add(due);
            }
            if (now - begin >= PORTION_NANOS) {
                break;
            }
        }
        sweeping = false;
        // a listener that blocked, or a pause of the JVM, must not keep the others waiting nine times as long
        pauseEndNanos = now + PAUSE_PORTIONS * Math.min(now - begin, 2 * PORTION_NANOS);
        if (!endIfIdle()) {
            arm();
        }
    }

    private static long look(Watched watched) {
        try {
            return watched.look();
        } catch (Throwable t) {
            CloseLog.LOG.warn("looking at acknowledgements failed: {}", watched, t);
            watched.failed(t);
            return OVER;
        }
    }

    private boolean endIfIdle() {
        if (live > 0) {
            return false;
        }
        queue.clear();
        if (timer != null) {
            timer.cancel(false);
        }
        LOOPS.remove(loop, this);
        return true;
    }

    private void arm() {
        Watch first = queue.peek();
        if (first == null) {
            return;
        }
        long nanos = first.dueNanos - pauseEndNanos < 0 ? pauseEndNanos : first.dueNanos;
        if (timer != null) {
            if (timerNanos - nanos <= 0) {
                return;
            }
            timer.cancel(false);
        }
        timerNanos = nanos;
        try {
            timer = loop.schedule(this::sweep, Math.max(0, nanos - system.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOOPS.remove(loop, this); // the loop has ended; so have its connections
        }
    }
}
