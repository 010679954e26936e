package dev.lastbyte.drain;

import java.util.concurrent.ScheduledExecutorService;

/** The time and the threads of one drain. Thread-safe. */
interface DrainClock {
    /** Monotonic time in nanoseconds. */
    long nanoTime();

    /** Runs a step after those already asked for. */
    void execute(Runnable step);

    /** Runs a step at the given moment, in place of the one that was set before. */
    void wakeAt(long nanos, Runnable step);

    /** A thread for the listeners, which may be held up for some milliseconds. */
    ScheduledExecutorService listeners();

    /** Ends the threads after the steps already asked for. */
    void end();
}
