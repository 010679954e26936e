package dev.lastbyte.internal;

import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Calls of {@code close()} that are held back, and the timer that bounds their wait. Confined to the channel's event loop. */
public final class HeldCloses {
    private List<ChannelPromise> promises = List.of();
    private @Nullable Future<?> timer;

    /** Whether no close is held back. */
    public boolean isEmpty() {
        return promises.isEmpty();
    }

    /** Holds a close back until {@link #release}. */
    public void add(ChannelPromise promise) {
        if (promises.isEmpty()) {
            promises = new ArrayList<>(1);
        }
        promises.add(promise);
    }

    /** Runs an action after some time, in place of an earlier one; at once if the event loop has ended. */
    public void limit(EventExecutor loop, Runnable onLimit, long nanos) {
        cancelTimer();
        timer = EventLoops.schedule(loop, onLimit, nanos);
        if (timer == null) {
            onLimit.run();
        }
    }

    /** Ends the wait; returns the closes in the order in which they came. */
    public List<ChannelPromise> release() {
        cancelTimer();
        List<ChannelPromise> released = promises;
        promises = List.of();
        return released;
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }
}
