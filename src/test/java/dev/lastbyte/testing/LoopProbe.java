package dev.lastbyte.testing;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** Runs on an event loop every millisecond and keeps the longest gap. Begun and stopped from another thread. */
public final class LoopProbe {
    private final ScheduledFuture<?> task;
    private final EventExecutor loop;
    private long lastNanos = System.nanoTime();
    private long longestNanos;

    /** Begins. */
    public LoopProbe(EventExecutor loop) {
        this.loop = loop;
        task = loop.scheduleAtFixedRate(this::tick, 0, 1, TimeUnit.MILLISECONDS);
    }

    private void tick() {
        long now = System.nanoTime();
        longestNanos = Math.max(longestNanos, now - lastNanos);
        lastNanos = now;
    }

    /** Ends; returns the longest gap in milliseconds. */
    public long stop() throws Exception {
        return loop.submit(() -> {
                    tick();
                    task.cancel(false);
                    return TimeUnit.NANOSECONDS.toMillis(longestNanos);
                })
                .get(30, TimeUnit.SECONDS);
    }
}
