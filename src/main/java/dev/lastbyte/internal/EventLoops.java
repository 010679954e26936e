package dev.lastbyte.internal;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Hands tasks to event loops. This is the one place that knows that an event loop which has ended takes no more tasks, that a channel
 * may move to another event loop, and that a channel has none before it is registered. Stateless and thread-safe.
 */
public final class EventLoops {
    private EventLoops() {}

    /** Runs a task later, behind those already given to the event loop; returns false if that has ended. */
    public static boolean execute(EventExecutor loop, Runnable task) {
        try {
            loop.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** Runs a task at once if the caller is on the event loop, else later; returns false if that has ended. */
    public static boolean run(EventExecutor loop, Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
            return true;
        }
        return execute(loop, task);
    }

    /** Runs a task after some time, at once if that is not positive; returns null if the event loop has ended. */
    public static @Nullable Future<?> schedule(EventExecutor loop, Runnable task, long nanos) {
        try {
            return loop.schedule(task, Math.max(0, nanos), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            return null;
        }
    }

    /**
     * Runs a task later, on the event loop that the channel has by then: it follows a channel that moves. Returns false if the event
     * loop has ended; one that ends later drops the task.
     */
    public static boolean later(ChannelHandlerContext ctx, Runnable task) {
        return execute(ctx.executor(), () -> {
            if (ctx.executor().inEventLoop()) {
                task.run();
            } else {
                later(ctx, task);
            }
        });
    }

    /** Whether the channel has never been registered with an event loop. */
    public static boolean hasNone(Channel channel) {
        return of(channel) == ImmediateEventExecutor.INSTANCE;
    }

    /** Closes a channel; one that has had no event loop has nothing under way, and its pipeline cannot close it. */
    public static void close(Channel channel) {
        if (hasNone(channel)) {
            channel.unsafe().close(channel.voidPromise());
        } else {
            channel.close();
        }
    }

    /** The channel's event loop, or the calling thread where the channel is not registered yet. */
    public static EventExecutor of(Channel channel) {
        try {
            return channel.eventLoop();
        } catch (IllegalStateException e) {
            return ImmediateEventExecutor.INSTANCE;
        }
    }
}
