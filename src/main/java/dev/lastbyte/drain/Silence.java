package dev.lastbyte.drain;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.OutboundFlush;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import java.util.NoSuchElementException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * How long a connection has been silent, and so whether it is idle when no exchange is open: nothing is queued, and nothing was sent or
 * received for long enough. The kernel is asked for that; where it does not tell, a {@link Watch} in the pipeline notes it from now on.
 * Made for a drain. Confined to the event loop on which the connection began.
 */
final class Silence {
    private static final long FRESH_NANOS = 20_000_000;

    private final ChannelHandlerContext ctx;
    private final SystemView system;
    private long sinceNanos;
    private final @Nullable Watch watch;
    private long nextLookNanos;

    /**
     * Begins to look.
     *
     * @param sinceNanos when the connection was accepted: the time that it had to wait for that is no silence of its peer
     */
    Silence(ChannelHandlerContext ctx, SystemView system, long sinceNanos, long now) {
        this.ctx = ctx;
        this.system = system;
        this.sinceNanos = sinceNanos;
        nextLookNanos = sinceNanos;
        watch = system.hasTcpInfo(ctx.channel()) ? null : Watch.install(ctx.channel(), system, now);
    }

    /** Whether the connection is idle. Looks no earlier than it can be. */
    boolean isIdle(long now, long idleAfterNanos) {
        if (now - nextLookNanos < 0 || OutboundFlush.isPending(ctx)) {
            return false;
        }
        long left = idleAfterNanos - silentNanos(now);
        nextLookNanos = now + Math.max(0, left);
        return left <= 0;
    }

    /** Whether a connection that was idle still is. Looks again, unless the kernel was asked a moment ago. */
    boolean isStillIdle(long now, long idleAfterNanos) {
        boolean fresh = watch == null && now - nextLookNanos < FRESH_NANOS;
        return fresh || isIdle(now, idleAfterNanos);
    }

    private long silentNanos(long now) {
        Channel channel = ctx.channel();
        TcpInfo info = system.hasTcpInfo(channel) ? system.tcpInfo(channel) : null;
        if (info == null) {
            return now - (watch == null ? sinceNanos : watch.lastNanos);
        }
        long silent = Math.min(info.silentMillis() * 1_000_000, now - sinceNanos);
        return silent > 0 && system.hasUnreadInput(channel) ? 0 : silent;
    }

    /** Silence counts from the given moment at the earliest. */
    void stoodStill(long now) {
        sinceNanos = now;
        if (watch != null) {
            watch.lastNanos = now;
        }
    }

    /** Leaves nothing behind in the pipeline. */
    void end() {
        ChannelPipeline pipeline = ctx.pipeline();
        if (watch != null && pipeline.context(watch) != null) {
            pipeline.remove(watch);
        }
    }

    /**
     * Notes when something was last read or written. Stands behind the {@link GracefulCloseHandler} while a drain runs. Confined to the
     * channel's event loop.
     */
    static final class Watch extends ChannelDuplexHandler {
        private final SystemView system;
        private volatile long lastNanos; // read on the loop on which the connection began

        private Watch(SystemView system, long now) {
            this.system = system;
            lastNanos = now;
        }

        private static @Nullable Watch install(Channel channel, SystemView system, long now) {
            ChannelHandlerContext ours = channel.pipeline().context(GracefulCloseHandler.class);
            if (ours == null) {
                return null;
            }
            Watch watch = new Watch(system, now);
            try {
                channel.pipeline().addAfter(ours.name(), null, watch);
                return watch;
            } catch (NoSuchElementException | RejectedExecutionException e) {
                return null; // another thread is taking the handler out, or the channel's event loop is gone
            }
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
}
