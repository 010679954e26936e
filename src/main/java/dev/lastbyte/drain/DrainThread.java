package dev.lastbyte.drain;

import dev.lastbyte.internal.SystemView;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The thread of one drain, which lives as long as the drain. It is not an event loop, because the handlers that the drain waits for may
 * block those. Thread-safe.
 */
interface DrainThread {
    /** Runs a step after those already asked for. */
    void execute(Runnable step);

    /** Runs a step at the given moment, in place of the one that was set before. On the thread only. */
    void wakeAt(long nanos, Runnable step);

    /** Ends the thread after the steps already asked for. */
    void end();

    /** The thread of a running system, and another for its listeners. Thread-safe. */
    final class Started implements DrainThread {
        private final SystemView system;
        private final ScheduledThreadPoolExecutor executor = start("lastbyte-drain");
        private final ScheduledThreadPoolExecutor listeners = start("lastbyte-drain-listeners");
        private @Nullable Future<?> wakeUp; // on the thread only

        Started(SystemView system) {
            this.system = system;
            executor.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy()); // the drain is over
        }

        private static ScheduledThreadPoolExecutor start(String name) {
            ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> new Thread(task, name));
            executor.setRemoveOnCancelPolicy(true);
            executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
            return executor;
        }

        /** A thread for the listeners, which may be held up for some milliseconds. */
        ScheduledExecutorService listeners() {
            return listeners;
        }

        @Override
        public void execute(Runnable step) {
            executor.execute(step);
        }

        @Override
        public void wakeAt(long nanos, Runnable step) {
            Future<?> earlier = wakeUp;
            if (earlier != null) {
                earlier.cancel(false);
            }
            wakeUp = executor.schedule(step, Math.max(0, nanos - system.nanoTime()), TimeUnit.NANOSECONDS);
        }

        @Override
        public void end() {
            executor.shutdown();
            listeners.shutdown();
        }
    }
}
