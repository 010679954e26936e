package dev.lastbyte.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Hands everything written to the kernel and tells when it is there. {@code flush()} only starts that; the promise of an
 * empty write behind everything queued, the barrier, ends it. A channel that carries objects, or frames as an HTTP/2 stream does,
 * would hand the empty write to the peer: there the queue is looked at until it is empty, ever more rarely while nothing leaves.
 * Confined to the channel's event loop.
 */
public final class OutboundFlush {
    private static final long MIN_POLL_NANOS = 5_000_000;
    private static final long MAX_POLL_NANOS = 500_000_000;

    private final ChannelHandlerContext ctx;
    private long pending = -1;
    private long currentProgress;
    private long pollNanos = MIN_POLL_NANOS;
    private long polledBytes = -1;

    public OutboundFlush(ChannelHandlerContext ctx) {
        this.ctx = ctx;
    }

    /** Flushes, unflushed writes included, and returns the barrier. */
    public ChannelFuture start() {
        progressed();
        if (takesEmptyWrite()) {
            return ctx.writeAndFlush(Unpooled.EMPTY_BUFFER);
        }
        ctx.flush();
        ChannelPromise drained = ctx.newPromise();
        if (isDrained()) {
            drained.setSuccess();
        } else if (!EventLoops.execute(ctx.executor(), () -> awaitDrained(drained))) { // behind the flush that runs now
            awaitDrained(drained);
        }
        return drained;
    }

    private boolean takesEmptyWrite() {
        return buffer(ctx) != null && HalfClosure.isSupported(ctx.channel());
    }

    /** Whether everything but the barrier itself is in the kernel. */
    public boolean isOnlyBarrierLeft() {
        ChannelOutboundBuffer buffer = buffer(ctx);
        if (buffer == null || !takesEmptyWrite()) {
            return false;
        }
        buffer.addFlush();
        return buffer.size() == 1 // with none, a handler in front of ours holds the barrier, and more
                && buffer.current() instanceof ByteBuf last
                && !last.isReadable();
    }

    /** Whether something was written behind the barrier, which is done. */
    public boolean hasMore() {
        ChannelOutboundBuffer buffer = buffer(ctx);
        if (buffer == null) {
            return false;
        }
        buffer.addFlush();
        return !buffer.isEmpty(); // not the byte count: what is completing now still counts there
    }

    private void awaitDrained(ChannelPromise drained) {
        if (isDrained()) {
            drained.trySuccess();
            return;
        }
        long now = pendingBytes(ctx);
        pollNanos = now == polledBytes ? Math.min(2 * pollNanos, MAX_POLL_NANOS) : MIN_POLL_NANOS;
        polledBytes = now;
        if (EventLoops.schedule(ctx.executor(), () -> awaitDrained(drained), pollNanos) == null) {
            drained.tryFailure(new ClosedChannelException()); // the event loop has ended, and the channel with it
        }
    }

    /** Whether nothing is queued; in the listener of the last write its bytes still count. */
    private boolean isDrained() {
        ChannelOutboundBuffer buffer = buffer(ctx);
        return !ctx.channel().isOpen() || (buffer == null ? pendingBytes(ctx) == 0 : !hasMore());
    }

    /** Whether bytes have left Netty's buffer since the last call. */
    public boolean progressed() {
        ChannelOutboundBuffer buffer = buffer(ctx);
        // A message counts in full until it has left; until then its own progress tells.
        long progress = buffer == null ? 0 : buffer.currentProgress();
        long now = pendingBytes(ctx);
        boolean changed = now != pending || progress != currentProgress;
        pending = now;
        currentProgress = progress;
        return changed;
    }

    /** Bytes that have not reached the kernel, or had not when the channel was closed. */
    public long unsentBytes() {
        ChannelOutboundBuffer buffer = buffer(ctx);
        if (buffer != null) {
            return UnsentOutput.count(buffer);
        }
        return ctx.channel().isOpen()
                ? pendingBytes(ctx)
                : UnsentOutput.of(ctx.channel()).orElse(0);
    }

    /** Whether the channel holds output that has not reached the kernel. */
    public static boolean isPending(ChannelHandlerContext ctx) {
        return pendingBytes(ctx) > 0;
    }

    /** How many bytes those are. */
    public static long pendingBytes(ChannelHandlerContext ctx) {
        return pendingBytes(ctx.channel());
    }

    /** The same; each message counts with what Netty keeps about it, as for the write watermarks. */
    public static long pendingBytes(Channel channel) {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        if (buffer != null) {
            return buffer.totalPendingWriteBytes();
        }
        if (!channel.isOpen()) {
            return 0;
        }
        long room = channel.bytesBeforeUnwritable();
        if (room > 0) {
            return Math.max(0, channel.config().getWriteBufferHighWaterMark() - room);
        }
        long over = channel.bytesBeforeWritable();
        return over == Long.MAX_VALUE // the output has been shut down, and its queue is gone
                ? 0
                : channel.config().getWriteBufferLowWaterMark() + over;
    }

    private static @Nullable ChannelOutboundBuffer buffer(ChannelHandlerContext ctx) {
        return ctx.channel().unsafe().outboundBuffer();
    }

    /** The payload of a message; 0 where it is of a kind that no transport sends. */
    public static long size(Object message) {
        if (message instanceof ByteBuf bytes) {
            return bytes.readableBytes();
        }
        if (message instanceof FileRegion region) {
            return region.count() - region.transferred();
        }
        return message instanceof ByteBufHolder holder ? holder.content().readableBytes() : 0;
    }
}
