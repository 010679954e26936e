package dev.lastbyte.internal;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Where a handler stands in its pipeline, and who stands around it. A handler nearer the transport stands in front. Immutable. */
public final class HandlerPlace {
    private final ChannelHandlerContext ours;
    private final List<Map.Entry<String, ChannelHandler>> inFront = new ArrayList<>();
    private final List<Map.Entry<String, ChannelHandler>> behind = new ArrayList<>();

    private HandlerPlace(ChannelHandlerContext ours) {
        this.ours = ours;
        boolean passed = false;
        for (Map.Entry<String, ChannelHandler> entry : ours.pipeline()) {
            if (entry.getValue() == ours.handler()) {
                passed = true;
            } else {
                (passed ? behind : inFront).add(entry);
            }
        }
    }

    /** The place that a handler has now. */
    public static HandlerPlace of(ChannelHandlerContext ours) {
        return new HandlerPlace(ours);
    }

    /** The name of the first such handler nearer the transport, or null. */
    public @Nullable String inFront(Predicate<ChannelHandler> which) {
        return find(inFront, which);
    }

    /** The name of the first such handler nearer the application, or null. */
    public @Nullable String behind(Predicate<ChannelHandler> which) {
        return find(behind, which);
    }

    /** The name of the first handler between the last such one in front and ours that is not allowed there, or null. */
    public @Nullable String between(Predicate<ChannelHandler> last, Predicate<ChannelHandler> allowed) {
        String between = null;
        boolean after = false;
        for (Map.Entry<String, ChannelHandler> entry : inFront) {
            if (last.test(entry.getValue())) {
                after = true;
                between = null;
            } else if (after && between == null && !allowed.test(entry.getValue())) {
                between = entry.getKey();
            }
        }
        return between;
    }

    private static @Nullable String find(
            List<Map.Entry<String, ChannelHandler>> handlers, Predicate<ChannelHandler> which) {
        for (Map.Entry<String, ChannelHandler> entry : handlers) {
            if (which.test(entry.getValue())) {
                return entry.getKey();
            }
        }
        return null;
    }

    /** Refuses an executor of the handler's own. */
    public static void requireEventLoop(ChannelHandlerContext ours) {
        if (ours.executor() != ours.channel().eventLoop()) {
            throw refusal(
                    ours, "with an executor of its own", "add it without one, it must run on the channel's event loop");
        }
    }

    /** Refuses a place with nothing of the given type nearer the transport. */
    public void requireInFront(Class<? extends ChannelHandler> type) {
        if (inFront(type::isInstance) == null) {
            String name = type.getSimpleName();
            throw refusal(
                    behind(type::isInstance) == null ? "without a " + name : "in front of the " + name,
                    "add the " + name + " first, nearest the transport (pipeline.addFirst)");
        }
    }

    /** The exception that says what is wrong, and what to do. */
    public IllegalStateException refusal(String wrong, String remedy) {
        return refusal(ours, wrong, remedy);
    }

    private static IllegalStateException refusal(ChannelHandlerContext ours, String wrong, String remedy) {
        return new IllegalStateException(ours.handler().getClass().getSimpleName() + " was added to " + ours.channel()
                + " " + wrong + ": " + remedy);
    }
}
