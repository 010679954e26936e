package dev.lastbyte.tcp;

import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.OutboundFlush;
import dev.lastbyte.internal.SystemView;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Makes a channel unwritable while more bytes than a limit are written and not acknowledged. Between two looks at the kernel it adds
 * up what is written. It looks only when that sum says that the limit may have been passed, and while it is. Confined to the
 * channel's event loop.
 */
final class InFlightLimit extends ChannelDuplexHandler implements KernelLooks.Looker {
    private static final Logger LOG = Loggers.of(InFlightLimit.class);

    private final long limit;
    private final SystemView system;
    private @Nullable ChannelHandlerContext ctx;
    private long seen;
    private long writtenSince;
    private long queuedRegionBytes;
    private boolean limited;
    private @Nullable KernelLooks looks; // while the limit is passed
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

    @Override
    public boolean look() {
        ChannelHandlerContext context = ctx;
        if (context != null && tells && limited) {
            read(context.channel());
        }
        if (!limited) {
            looks = null;
        }
        return limited;
    }

    @Override
    public void failed(Throwable cause) {
        ChannelHandlerContext context = ctx;
        looks = null;
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
        if (looks != null) {
            looks.saw(fewer, bytes.rttNanos());
        }
        limited(channel, seen > limit);
        if (limited && tells && looks == null) {
            looks = KernelLooks.begin(channel, system, this, bytes.rttNanos());
        }
    }

    private void stop() {
        tells = false;
        if (looks != null) {
            looks.end();
            looks = null;
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
        LOG.debug("{} limitInFlight does nothing: the kernel does not tell what is acknowledged", channel);
    }
}
