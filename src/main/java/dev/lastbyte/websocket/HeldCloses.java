package dev.lastbyte.websocket;

import dev.lastbyte.DrainEvent;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Calls of {@code close()} that wait until the message that is being sent is whole, within a limit. Confined to the channel's
 * event loop.
 */
final class HeldCloses {
    private final EventExecutor executor;
    private final long limitNanos;
    private final Consumer<ChannelPromise> onRelease;
    private final List<ChannelPromise> promises = new ArrayList<>(1);
    private @Nullable DrainEvent drain;
    private @Nullable Future<?> timer;
    private long startNanos;

    HeldCloses(EventExecutor executor, long limitNanos, Consumer<ChannelPromise> onRelease) {
        this.executor = executor;
        this.limitNanos = limitNanos;
        this.onRelease = onRelease;
    }

    void add(ChannelPromise promise) {
        promises.add(promise);
        if (promises.size() == 1) {
            startNanos = System.nanoTime();
            arm();
        }
    }

    /** Half of what a drain has left is kept for the Close frame and all that follows. */
    void drain(DrainEvent event) {
        drain = Objects.requireNonNull(event, "event");
        if (!promises.isEmpty()) {
            arm();
        }
    }

    /** Lets them go on, in their order; does nothing if there are none. */
    void release() {
        cancelTimer();
        List<ChannelPromise> held = List.copyOf(promises);
        promises.clear();
        held.forEach(onRelease);
    }

    private void arm() {
        DrainEvent draining = drain;
        long left = startNanos + limitNanos - System.nanoTime();
        long limit =
                draining == null ? left : Math.min(left, draining.timeLeft().toNanos() / 2);
        cancelTimer();
        try {
            timer = executor.schedule(this::release, Math.max(0, limit), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            release(); // the event loop is being shut down
        }
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }
}
