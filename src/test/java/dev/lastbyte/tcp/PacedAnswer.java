package dev.lastbyte.tcp;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.BytePattern;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * An application that answers the first thing a connection sends it in many small pieces, as an exchange, and then leaves the
 * connection open. Confined to the event loop.
 */
public final class PacedAnswer extends ChannelInboundHandlerAdapter {
    private static final int PIECES = 16;

    private final int piece;
    private final long periodMillis;
    private final CountDownLatch begun;
    private int sent;

    public PacedAnswer(int length, long periodMillis, CountDownLatch begun) {
        piece = length / PIECES;
        this.periodMillis = periodMillis;
        this.begun = begun;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (sent == 0) {
            ByteBuf request = (ByteBuf) message;
            ctx.channel().attr(Answer.PEER_ID).set(request.getInt(request.readerIndex()));
            GracefulCloseHandler.exchangeStarted(ctx.channel());
            begun.countDown();
            next(ctx);
        }
        ReferenceCountUtil.release(message);
    }

    private void next(ChannelHandlerContext ctx) {
        if (!ctx.channel().isOpen()) {
            return;
        }
        ctx.writeAndFlush(BytePattern.slice(ctx.alloc(), (long) sent * piece, piece));
        sent++;
        if (sent < PIECES) {
            ctx.executor().schedule(() -> next(ctx), periodMillis, TimeUnit.MILLISECONDS);
        } else {
            GracefulCloseHandler.exchangeEnded(ctx.channel());
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException)) {
            ctx.fireExceptionCaught(cause);
        }
    }
}
