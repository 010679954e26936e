package dev.lastbyte.internal;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The timer of an event loop: a binary heap of the moments at which entries want to be woken, each entry in it once, and one
 * scheduled task for the first of them. Entries that are due together are woken in portions, with the loop's input and output
 * between them. Each event loop has one timer for each {@link Pace}.
 *
 * <p>A task that runs much too late means that the event loop has stood still: the process was stopped, a container throttled, memory
 * collected, or a handler blocked. Nobody could be heard meanwhile. So all entries learn how long it was, and the event loop gets a turn
 * of input and output before any of them is woken. It may also stand still while entries are woken: each of them judges by the moment
 * at which that began.
 *
 * <p>Confined to its event loop; the static methods find the way
 * there.
 */
public final class LoopTimer {
    /** How entries of one kind share their event loop with everything else on it. Immutable. */
    public enum Pace {
        /** Closes that wait. The moments of a crowd are gathered, so that it does not wake its loop for each of them. */
        CLOSES(5_000_000, 256) {
            @Override
            long restNanos(long spentNanos) {
                return 5_000_000 - spentNanos;
            }
        },

        /** Open connections that hold bytes back for ten milliseconds, or wait. They are woken on time, however many they are. */
        CHANNELS(5_000_000, Integer.MAX_VALUE) {
            @Override
            long restNanos(long spentNanos) {
                return 0;
            }
        },

        /**
         * Looks at the kernel for those who wait for acknowledgements. A portion is followed by a rest nine times as long, so that
         * thousands of them take a tenth of their loop at most.
         */
        LOOKS(500_000, 0) {
            @Override
            long restNanos(long spentNanos) {
                // a callback that blocked, or a pause of the JVM, must not keep the others waiting nine times as long
                return 9 * Math.min(spentNanos, 1_000_000);
            }
        };

        private final long portionNanos;
        private final int crowd;

        /** @param crowd with more entries than these, a timer rests after each portion */
        Pace(long portionNanos, int crowd) {
            this.portionNanos = portionNanos;
            this.crowd = crowd;
        }

        /** How long a crowd rests after a portion that took so long. */
        abstract long restNanos(long spentNanos);
    }

    /** What wants to be woken. Its timer alone touches these fields, on the timer's loop. */
    public abstract static class Entry {
        private static final int NOT_WAITING = -1;

        private @Nullable LoopTimer timer;
        private int index = NOT_WAITING;
        private long dueNanos;

        /** With which others it shares a timer. Always the same. */
        public Pace pace() {
            return Pace.CLOSES;
        }

        /** The event loop has stood still for so long, and was deaf: what did not happen meanwhile is nobody's fault. */
        public void onStandstill(long nanos) {}

        /**
         * Its moment has come; on the event loop of the timer that it was given to first.
         *
         * @param nanos the moment at which the timer began to wake entries. What is over is judged by this moment, not by a later
         *     one: the process may be stopped in the middle of this call as well, and nobody was heard since
         */
        public abstract void onDue(long nanos);
    }

    /** One look costs about three microseconds, timer included: this keeps all looks of a loop below a hundredth of its time. */
    private static final long NANOS_PER_LOOK = 500_000;

    /** A task that runs so much too late has not only waited for others. */
    private static final long STANDSTILL_NANOS = 100_000_000;

    private static final int FIRST_ROOM = 16;
    private static final Logger LOG = Loggers.of(LoopTimer.class);
    private static final Map<Pace, Map<EventExecutor, LoopTimer>> LOOPS = new EnumMap<>(Pace.class);

    static {
        for (Pace pace : Pace.values()) {
            LOOPS.put(pace, new ConcurrentHashMap<>());
        }
    }

    private final EventExecutor loop;
    private final SystemView system;
    private final Pace pace;
    private @Nullable Entry[] heap = new @Nullable Entry[FIRST_ROOM];
    private int size;
    private @Nullable Future<?> task;
    private long taskNanos;
    private long restEndNanos;
    private boolean running;
    private boolean hadTurn;
    private long heardNanos; // a standstill before this moment has been told

    private LoopTimer(EventExecutor loop, SystemView system, Pace pace) {
        this.loop = loop;
        this.system = system;
        this.pace = pace;
        restEndNanos = system.nanoTime();
        heardNanos = restEndNanos;
    }

    // ---- for entries -----------------------------------------------------------------------------------------------

    /**
     * Wakes the entry at the given moment, or earlier if it has asked for that before. The first call, on the entry's event loop,
     * decides which timer it is.
     */
    public static void arm(Entry entry, long nanos, EventExecutor loop, SystemView system) {
        LoopTimer timer = entry.timer;
        if (timer == null) {
            timer = of(loop, system, entry.pace());
            entry.timer = timer;
        }
        if (timer.loop.inEventLoop()) {
            timer.arm(entry, nanos);
        } else if (!EventLoops.execute(timer.loop, () -> armAgain(entry, nanos)) && timer.loop != loop) {
            entry.timer = null; // the channel has outlived the loop on which the entry was first armed
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
    public static void cancel(Entry entry) {
        LoopTimer timer = entry.timer;
        if (timer != null) {
            EventLoops.run(timer.loop, () -> timer.disarm(entry));
        }
    }

    /** How long a close that makes no progress should wait between two looks at the kernel, given how many wait beside it. */
    public static long lookPause(Entry entry) {
        LoopTimer timer = entry.timer;
        return timer == null ? 0 : timer.size * NANOS_PER_LOOK; // a stale size does no harm
    }

    /** Whether a task that was due at the given moment and runs now is so late that its event loop must have stood still. */
    public static boolean isStandstill(long dueNanos, long now) {
        return now - dueNanos >= STANDSTILL_NANOS;
    }

    // ---- the loops -------------------------------------------------------------------------------------------------

    private static LoopTimer of(EventExecutor loop, SystemView system, Pace pace) {
        Map<EventExecutor, LoopTimer> timers = timers(pace);
        LoopTimer known = timers.get(loop);
        if (known != null) {
            return known;
        }
        LoopTimer fresh = new LoopTimer(loop, system, pace);
        timers.put(loop, fresh);
        if (fresh.outlivesItsEntries()) {
            loop.terminationFuture().addListener(ended -> timers.remove(loop, fresh));
        }
        return fresh;
    }

    private static Map<EventExecutor, LoopTimer> timers(Pace pace) {
        return Objects.requireNonNull(LOOPS.get(pace));
    }

    /** Whether it has a thread; an embedded channel's event loop ends with its channel, and says so to nobody. */
    private boolean outlivesItsEntries() {
        return loop.parent() != null;
    }

    /** How many entries of a pace wait, on all event loops. Those of other threads may have changed meanwhile. */
    public static int waiting(Pace pace) {
        return timers(pace).values().stream().mapToInt(timer -> timer.size).sum();
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
                idle();
            }
        }
    }

    /** Sees to it that the task runs when the first entry is due; one that runs too early does no harm. */
    private void schedule() {
        long nanos = at(0).dueNanos;
        if (size > pace.crowd && nanos - restEndNanos < 0) {
            nanos = restEndNanos;
        }
        if (task != null) {
            if (taskNanos - nanos <= 0) {
                return;
            }
            task.cancel(false);
        }
        taskNanos = nanos;
        task = EventLoops.schedule(
                loop, this::run, nanos - system.nanoTime()); // a loop that is ending closes its channels
    }

    private void idle() {
        hadTurn = false;
        if (task != null) {
            task.cancel(false);
            task = null;
        }
        if (heap.length > FIRST_ROOM) {
            heap = new @Nullable Entry[FIRST_ROOM];
        }
        if (!outlivesItsEntries()) {
            timers(pace).remove(loop, this);
        }
    }

    private void run() {
        long begin = system.nanoTime();
        long expected = taskNanos - heardNanos < 0 ? heardNanos : taskNanos;
        if (!hadTurn && isStandstill(expected, begin)) {
            hadTurn = true; // once: the loop may be as late again, and somebody must be woken some time
            heardNanos = begin;
            stoodStill(begin - expected);
            task = EventLoops.schedule(loop, this::run, 0); // a timer, not a task: input and output get their turn
            taskNanos = begin;
            return;
        }
        hadTurn = false;
        task = null;
        running = true;
        try {
            wakeDue(begin);
        } finally {
            running = false;
            long end = system.nanoTime();
            if (isStandstill(begin, end)) {
                stoodStill(end - begin);
            }
            heardNanos = end; // what is late from now on is not late by more than that
            restEndNanos = end + pace.restNanos(end - begin);
            if (size == 0) {
                idle();
            } else {
                schedule();
            }
        }
    }

    private void stoodStill(long nanos) {
        for (int i = 0; i < size; i++) {
            at(i).onStandstill(nanos);
        }
    }

    private void wakeDue(long begin) {
        while (size > 0 && at(0).dueNanos - begin <= 0) {
            Entry due = at(0);
            removeAt(0);
            wake(due, begin);
            if (system.nanoTime() - begin >= pace.portionNanos) {
                return;
            }
        }
    }

    private static void wake(Entry due, long nanos) {
        try {
            due.onDue(nanos);
        } catch (Throwable t) {
            LOG.warn("waking {} failed", due, t);
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
