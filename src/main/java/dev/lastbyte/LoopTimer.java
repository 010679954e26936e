package dev.lastbyte;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one timer of an event loop for all closes that wait on it: a binary heap of the moments at which they want to be woken,
 * each close in it once, and one scheduled task for the first of them. Thousands that are due together are woken in portions, the
 * loop's input and output between them. Confined to its event loop.
 */
final class LoopTimer {
    /** What wants to be woken. Its timer alone touches these fields, on the timer's loop. */
    abstract static class Entry {
        private static final int NOT_WAITING = -1;

        private @Nullable LoopTimer timer;
        private int index = NOT_WAITING;
        private long dueNanos;

        /** Its moment has come; on the event loop of the timer that it was given to first. */
        abstract void onDue();
    }

    private static final long PORTION_NANOS = 5_000_000;
    private static final int ENTRIES_PER_LOOK = 32;

    /** One look costs about three microseconds, timer included: this keeps all looks of a loop below a hundredth of its time. */
    private static final long NANOS_PER_LOOK = 500_000;

    /** From here on moments are gathered, so that a crowd does not wake its loop for each of them. */
    private static final int CROWD = 256;

    private static final long CROWD_PAUSE_NANOS = 5_000_000;
    private static final int FIRST_ROOM = 16;
    private static final Map<EventExecutor, LoopTimer> LOOPS = new ConcurrentHashMap<>();

    private final EventExecutor loop;
    private final SystemView system;
    private @Nullable Entry[] heap = new @Nullable Entry[FIRST_ROOM];
    private int size;
    private @Nullable Future<?> task;
    private long taskNanos;
    private long lastRunNanos;
    private boolean running;

    private LoopTimer(EventExecutor loop, SystemView system) {
        this.loop = loop;
        this.system = system;
        lastRunNanos = system.nanoTime() - CROWD_PAUSE_NANOS;
    }

    // ---- for closes ------------------------------------------------------------------------------------------------

    /**
     * Wakes the entry at the given moment, or earlier if it has asked for that before. The first call, on the entry's event loop,
     * decides which timer it is.
     */
    static void arm(Entry entry, long nanos, EventExecutor loop, SystemView system) {
        LoopTimer timer = entry.timer;
        if (timer == null) {
            timer = of(loop, system);
            entry.timer = timer;
        }
        if (timer.loop.inEventLoop()) {
            timer.arm(entry, nanos);
        } else if (!timer.execute(() -> armAgain(entry, nanos)) && timer.loop != loop) {
            entry.timer = null; // the channel has outlived the loop on which its close began
            entry.index = Entry.NOT_WAITING;
            arm(entry, nanos, loop, system);
        }
    }

    private static void armAgain(Entry entry, long nanos) {
        LoopTimer timer = entry.timer;
        if (timer != null) {
            timer.arm(entry, nanos);
        }
    }

    /** Wakes the entry no more. */
    static void cancel(Entry entry) {
        LoopTimer timer = entry.timer;
        if (timer == null) {
            return;
        }
        if (timer.loop.inEventLoop()) {
            timer.disarm(entry);
        } else {
            timer.execute(() -> timer.disarm(entry));
        }
    }

    /** How long a close that makes no progress should wait between two looks at the kernel, given how many wait beside it. */
    static long lookPause(Entry entry) {
        LoopTimer timer = entry.timer;
        return timer == null ? 0 : timer.size * NANOS_PER_LOOK; // a stale size does no harm
    }

    // ---- the loops -------------------------------------------------------------------------------------------------

    private static LoopTimer of(EventExecutor loop, SystemView system) {
        LoopTimer known = LOOPS.get(loop);
        if (known != null) {
            return known;
        }
        LoopTimer fresh = new LoopTimer(loop, system);
        LOOPS.put(loop, fresh);
        if (fresh.outlivesItsEntries()) {
            loop.terminationFuture().addListener(ended -> LOOPS.remove(loop, fresh));
        }
        return fresh;
    }

    /** Whether it has a thread; an embedded channel's event loop ends with its channel, and says so to nobody. */
    private boolean outlivesItsEntries() {
        return loop.parent() != null;
    }

    private boolean execute(Runnable step) {
        try {
            loop.execute(step);
            return true;
        } catch (RejectedExecutionException e) {
            return false; // the loop has ended
        }
    }

    // ---- the task --------------------------------------------------------------------------------------------------

    private void arm(Entry entry, long nanos) {
        if (entry.index == Entry.NOT_WAITING) {
            if (size == heap.length) {
                heap = Arrays.copyOf(heap, size * 2);
            }
            entry.dueNanos = nanos;
            siftUp(size++, entry);
        } else if (nanos - entry.dueNanos < 0) {
            entry.dueNanos = nanos;
            siftUp(entry.index, entry);
        }
        if (!running) {
            schedule();
        }
    }

    private void disarm(Entry entry) {
        if (entry.index != Entry.NOT_WAITING) {
            removeAt(entry.index);
            if (size == 0 && !running) {
                rest();
            }
        }
    }

    /** Sees to it that the task runs when the first entry is due; one that runs too early does no harm. */
    private void schedule() {
        long nanos = at(0).dueNanos;
        if (size > CROWD && nanos - lastRunNanos < CROWD_PAUSE_NANOS) {
            nanos = lastRunNanos + CROWD_PAUSE_NANOS;
        }
        if (task != null) {
            if (taskNanos - nanos <= 0) {
                return;
            }
            task.cancel(false);
        }
        taskNanos = nanos;
        try {
            task = loop.schedule(this::run, Math.max(0, nanos - system.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            task = null; // the loop is ending, and closes its channels
        }
    }

    private void rest() {
        if (task != null) {
            task.cancel(false);
            task = null;
        }
        if (heap.length > FIRST_ROOM) {
            heap = new @Nullable Entry[FIRST_ROOM];
        }
        if (!outlivesItsEntries()) {
            LOOPS.remove(loop, this);
        }
    }

    private void run() {
        task = null;
        running = true;
        long begin = system.nanoTime();
        try {
            wakeDue(begin);
        } finally {
            running = false;
            lastRunNanos = begin;
            if (size == 0) {
                rest();
            } else {
                schedule();
            }
        }
    }

    private void wakeDue(long begin) {
        int woken = 0;
        while (size > 0 && at(0).dueNanos - begin <= 0) {
            Entry due = at(0);
            removeAt(0);
            wake(due);
            if (++woken % ENTRIES_PER_LOOK == 0 && system.nanoTime() - begin >= PORTION_NANOS) {
                return;
            }
        }
    }

    private static void wake(Entry due) {
        try {
            due.onDue();
        } catch (Throwable t) {
            CloseLog.LOG.warn("waking {} failed", due, t);
        }
    }

    // ---- the heap --------------------------------------------------------------------------------------------------

    private void removeAt(int index) {
        Entry removed = at(index);
        removed.index = Entry.NOT_WAITING;
        Entry moved = at(--size);
        heap[size] = null;
        if (moved == removed) {
            return;
        }
        siftDown(index, moved);
        if (heap[index] == moved) {
            siftUp(index, moved);
        }
    }

    private void siftUp(int from, Entry entry) {
        int index = from;
        while (index > 0) {
            int parent = (index - 1) >>> 1;
            if (at(parent).dueNanos - entry.dueNanos <= 0) {
                break;
            }
            place(index, at(parent));
            index = parent;
        }
        place(index, entry);
    }

    private void siftDown(int from, Entry entry) {
        int index = from;
        while (true) {
            int child = 2 * index + 1;
            if (child >= size) {
                break;
            }
            if (child + 1 < size && at(child + 1).dueNanos - at(child).dueNanos < 0) {
                child++;
            }
            if (entry.dueNanos - at(child).dueNanos <= 0) {
                break;
            }
            place(index, at(child));
            index = child;
        }
        place(index, entry);
    }

    private Entry at(int index) {
        return Objects.requireNonNull(heap[index]);
    }

    private void place(int index, Entry entry) {
        heap[index] = entry;
        entry.index = index;
    }
}
