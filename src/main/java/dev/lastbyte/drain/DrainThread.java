package dev.lastbyte.drain;

import dev.lastbyte.internal.CloseLog;
import dev.lastbyte.internal.SystemView;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The threads of one drain, which live as long as it. Not event loops': those may be blocked by the handlers that the drain waits
 * for. Thread-safe.
 */
final class DrainThread implements DrainClock {
    private final SystemView system;
    private final ScheduledThreadPoolExecutor executor = thread("lastbyte-drain");
    private final ScheduledThreadPoolExecutor listeners = thread("lastbyte-drain-listeners");
    private @Nullable Future<?> wakeUp; // on the thread only

    DrainThread(SystemView system) {
        this.system = system;
    }

    private static ScheduledThreadPoolExecutor thread(String name) {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> new Thread(task, name));
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        return executor;
    }

    @Override
    public long nanoTime() {
        return system.nanoTime();
    }

    @Override
    public void execute(Runnable step) {
        try {
            executor.execute(step);
        } catch (RejectedExecutionException e) {
            CloseLog.LOG.trace("the drain is over");
        }
    }

    @Override
    public void wakeAt(long nanos, Runnable step) {
        Future<?> earlier = wakeUp;
        if (earlier != null) {
            earlier.cancel(false);
        }
        wakeUp = executor.schedule(step, Math.max(0, nanos - nanoTime()), TimeUnit.NANOSECONDS);
    }

    @Override
    public ScheduledExecutorService listeners() {
        return listeners;
    }

    @Override
    public void end() {
        executor.shutdown();
        listeners.shutdown();
    }
}
