package dev.lastbyte.internal;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.AttributeKey;
import java.util.OptionalLong;

/**
 * What a channel had not handed to the kernel when it was closed, whoever closed it: the peer's reset, a failed write, the end of the
 * event loop. Netty takes the queue away from the channel, closes the socket, tells the listeners of the close future, and only then
 * fails what is queued; so a listener that has the queue can count it. The channel keeps the figure only if something was lost.
 *
 * <p>Confined to the channel's event loop.
 */
public final class UnsentOutput implements ChannelFutureListener {
    private static final AttributeKey<Long> BYTES = AttributeKey.valueOf(UnsentOutput.class, "bytes");

    private final ChannelOutboundBuffer queue;
    private boolean some;
    private long bytes;

    private UnsentOutput(ChannelOutboundBuffer queue) {
        this.queue = queue;
    }

    /** Counts when the channel is closed. Not on a channel without a queue of its own, such as an HTTP/2 stream. */
    public static void watch(Channel channel) {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        if (queue != null) {
            channel.closeFuture().addListener(new UnsentOutput(queue));
        }
    }

    /** How many bytes a closed channel has lost; empty if nothing. */
    public static OptionalLong of(Channel channel) {
        Long lost = channel.hasAttr(BYTES) ? channel.attr(BYTES).get() : null;
        return lost == null ? OptionalLong.empty() : OptionalLong.of(lost);
    }

    /** The payload in a queue, files and what has not been flushed included. */
    static long count(ChannelOutboundBuffer queue) {
        UnsentOutput counted = new UnsentOutput(queue);
        counted.count();
        return counted.bytes;
    }

    @Override
    public void operationComplete(ChannelFuture closed) {
        count();
        if (some) {
            closed.channel().attr(BYTES).set(bytes);
        }
    }

    private void count() {
        queue.addFlush();
        if (queue.isEmpty()) {
            return;
        }
        try {
            queue.forEachFlushedMessage(message -> {
                some |= !(message instanceof ByteBuf buffer) || buffer.isReadable();
                bytes += OutboundFlush.size(message);
                return true;
            });
        } catch (Exception e) {
            throw new IllegalStateException("counting fails nowhere", e);
        }
    }
}
