package dev.lastbyte.testing;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.EventExecutor;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;

/** Watches what an event loop group's connections take and must give back: buffers and timers. Thread-safe. */
public final class ResourceCheck {
    private final EventLoopGroup group;
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);

    public ResourceCheck(EventLoopGroup group) {
        this.group = group;
    }

    /** To be used by every channel of the group; it knows each byte that is not released. */
    public UnpooledByteBufAllocator allocator() {
        return allocator;
    }

    /** Shuts the group down and returns what was left behind. */
    public List<String> close() {
        List<String> left = new ArrayList<>();
        for (EventExecutor loop : group) {
            if (!loop.isShuttingDown()) {
                await(
                        left,
                        "timers of " + loop,
                        () -> loop.submit(() -> timers(loop))
                                .get(30, TimeUnit.SECONDS)
                                .isEmpty(),
                        () -> String.valueOf(loop.submit(() -> timers(loop)).get(30, TimeUnit.SECONDS)));
            }
        }
        await(left, "buffers", () -> usedBytes() == 0, () -> usedBytes() + " bytes");
        settle();
        group.shutdownGracefully(0, 20, TimeUnit.SECONDS);
        if (!group.terminationFuture().awaitUninterruptibly(30, TimeUnit.SECONDS)) {
            left.add("the event loops did not end: " + group);
        }
        return left;
    }

    /** An io_uring loop that is shut down while a close is in the ring leaks the descriptor: lets the ring empty. */
    private void settle() {
        for (EventExecutor loop : group) {
            if (!loop.isShuttingDown()) {
                loop.schedule(() -> {}, 20, TimeUnit.MILLISECONDS).awaitUninterruptibly();
            }
        }
    }

    private long usedBytes() {
        return allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory();
    }

    private static void await(List<String> left, String what, Callable<Boolean> gone, Callable<String> details) {
        try {
            Eventually.await(what, Duration.ofSeconds(10), gone);
        } catch (ConditionTimeoutException e) {
            try {
                left.add("left behind, " + what + ": " + details.call());
            } catch (Exception failure) {
                left.add("left behind, " + what + ": " + failure);
            }
        }
    }

    private static List<String> timers(EventExecutor loop) {
        try {
            Field field = AbstractScheduledEventExecutor.class.getDeclaredField("scheduledTaskQueue");
            field.setAccessible(true);
            Collection<?> queue = (Collection<?>) field.get(loop);
            return queue == null
                    ? List.of()
                    : queue.stream().map(String::valueOf).toList();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
