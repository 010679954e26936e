package dev.lastbyte.tcp;

import dev.lastbyte.testing.BytePattern;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writes as long as the channel is writable, and asks the kernel after each write how much is not acknowledged.
 * Confined to the event loop.
 */
final class EagerWriter extends ChannelInboundHandlerAdapter {
    private final long length;
    private final int chunk;
    private final AtomicLong most;
    private final CompletableFuture<Void> done;
    private final WriteBufferWaterMark watermark;
    private long written;
    private boolean writing;

    /**
     * @param length bytes to write in all, from the moment the channel is active
     * @param chunk bytes of one write
     * @param most takes the most that was unacknowledged behind a write
     * @param done completed when all is written
     * @param watermark the channel's
     */
    EagerWriter(long length, int chunk, AtomicLong most, CompletableFuture<Void> done, WriteBufferWaterMark watermark) {
        this.watermark = watermark;
        this.length = length;
        this.chunk = chunk;
        this.most = most;
        this.done = done;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.channel().config().setWriteBufferWaterMark(watermark);
        write(ctx);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        write(ctx);
    }

    private void write(ChannelHandlerContext ctx) {
        if (writing) {
            return;
        }
        writing = true;
        while (ctx.channel().isWritable() && written < length) {
            ctx.writeAndFlush(BytePattern.slice(ctx.alloc(), written, chunk));
            written += chunk;
            SendQueueSnapshot now = SendQueue.snapshot(ctx.channel()).getNow();
            long acknowledged = now.acknowledgedBytes().orElse(written);
            most.accumulateAndGet(written - acknowledged, Math::max);
        }
        writing = false;
        if (written >= length) {
            done.complete(null);
        }
    }
}
