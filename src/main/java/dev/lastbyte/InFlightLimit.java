package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import org.jspecify.annotations.Nullable;

/**
 * Makes a channel unwritable while more than so many bytes are written and not acknowledged. Between two looks into the kernel
 * it adds up what is written; it looks only when that sum says that the limit may be passed, and while it is. Confined to the
 * channel's event loop.
 */
final class InFlightLimit extends ChannelDuplexHandler implements LoopSweep.Watched {
    private final long limit;
    private final SystemView system;
    private @Nullable ChannelHandlerContext ctx;
    private long seen;
    private long writtenSince;
    private long queuedRegionBytes;
    private long intervalNanos;
    private boolean limited;
    private LoopSweep.@Nullable Watch watch;
    private boolean tells;

    InFlightLimit(long limit, SystemView system) {
        this.limit = limit;
        this.system = system;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        if (context.executor() != context.channel().eventLoop()) {
            throw new IllegalStateException("limitInFlight was added to " + context.channel()
                    + " with an executor of its own: add it without one, it must run on the channel's event loop");
        }
        ctx = context;
        tells = system.hasTcpInfo(context.channel());
        if (!tells) {
            cannotTell(context.channel());
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        stop();
        limited(context.channel(), false);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        stop();
        context.fireChannelInactive();
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        long size = OutboundFlush.size(message);
        writtenSince += size;
        if (message instanceof FileRegion) {
            queuedRegionBytes += size; // Netty counts nothing for it
            ChannelPromise sent = promise.unvoid();
            context.write(message, sent);
            sent.addListener(done -> queuedRegionBytes -= size);
        } else {
            context.write(message, promise);
        }
        if (tells
                && !limited
                && seen + writtenSince > limit
                && context.channel().isActive()) {
            read(context.channel());
        }
    }

    /** Looks, because the limit is passed. */
    @Override
    public long look() {
        ChannelHandlerContext context = ctx;
        if (context == null || !tells || !limited) {
            watch = null;
            return LoopSweep.OVER;
        }
        Channel channel = context.channel();
        if (!channel.eventLoop().inEventLoop()) {
            channel.eventLoop().execute(() -> startWatch(channel)); // the channel has moved to another event loop
            return LoopSweep.OVER;
        }
        read(channel);
        if (!limited) {
            watch = null;
            return LoopSweep.OVER;
        }
        return intervalNanos;
    }

    @Override
    public void failed(Throwable cause) {
        ChannelHandlerContext context = ctx;
        watch = null;
        if (context != null) {
            stop();
            limited(context.channel(), false);
        }
    }

    private void read(Channel channel) {
        SentBytes bytes = SentBytes.read(channel, system);
        if (bytes == null) {
            tells = false;
            cannotTell(channel);
        }
        if (bytes == null || bytes.isOver()) {
            limited(channel, false);
            return;
        }
        long now = OutboundFlush.pendingBytes(channel) + queuedRegionBytes + bytes.unacknowledged();
        boolean fewer = now < seen;
        seen = now;
        writtenSince = 0;
        intervalNanos = LoopSweep.interval(intervalNanos, fewer || !limited, bytes.rttNanos());
        limited(channel, seen > limit);
        if (limited && watch == null) {
            startWatch(channel);
        }
    }

    private void startWatch(Channel channel) {
        if (tells && limited) {
            watch = LoopSweep.watch(channel.eventLoop(), system, this, intervalNanos);
        }
    }

    private void stop() {
        tells = false;
        if (watch != null) {
            watch.end();
            watch = null;
        }
    }

    private void limited(Channel channel, boolean wanted) {
        if (limited != wanted) {
            limited = wanted;
            ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
            if (buffer != null) {
                buffer.setUserDefinedWritability(SendQueue.WRITABILITY_INDEX, !wanted);
            }
        }
    }

    private static void cannotTell(Channel channel) {
        CloseLog.LOG.debug("{} limitInFlight does nothing: the kernel does not tell what is acknowledged", channel);
    }
}
