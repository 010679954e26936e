package dev.lastbyte.drain;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.SystemView;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import java.util.NoSuchElementException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Notes when something was last read or written, where the kernel does not tell. Stands behind the {@link
 * GracefulCloseHandler} while a drain runs. Confined to the channel's event loop.
 */
final class SilenceWatch extends ChannelDuplexHandler {
    private final SystemView system;
    private volatile long lastNanos; // written on the channel's event loop

    private SilenceWatch(SystemView system, long now) {
        this.system = system;
        lastNanos = now;
    }

    /** Begins to watch a channel; silence counts from now. */
    static @Nullable SilenceWatch install(Channel channel, SystemView system, long now) {
        ChannelHandlerContext ours = channel.pipeline().context(GracefulCloseHandler.class);
        if (ours == null) {
            return null;
        }
        SilenceWatch watch = new SilenceWatch(system, now);
        try {
            channel.pipeline().addAfter(ours.name(), null, watch);
            return watch;
        } catch (NoSuchElementException | RejectedExecutionException e) {
            return null; // another thread is taking the handler out, or the channel's event loop is gone
        }
    }

    void uninstall(Channel channel) {
        ChannelPipeline pipeline = channel.pipeline();
        if (pipeline.context(this) != null) {
            pipeline.remove(this);
        }
    }

    long lastNanos() {
        return lastNanos;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        lastNanos = system.nanoTime();
        ctx.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        lastNanos = system.nanoTime();
        ctx.write(message, promise);
    }
}
