package dev.lastbyte;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.util.ReferenceCountUtil;

/**
 * Takes the place and the name of the {@link GracefulCloseHandler} while its channel is being closed: brings what happens to the
 * {@link CloseSequence} and, once that has cut the application off, drops input and fails writes. Confined to the channel's event
 * loop.
 */
final class ClosingHandler extends GracefulCloseHandler {
    private final CloseSequence sequence;

    ClosingHandler(CloseTerms terms, ResetSign resetSign, int openExchanges, CloseSequence sequence) {
        super(terms, resetSign, openExchanges);
        this.sequence = sequence;
    }

    @Override
    CloseSequence sequence() {
        return sequence;
    }

    // ---- its place in the pipeline ---------------------------------------------------------------------------------

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        sequence.placed(ctx);
        takesOver(ctx);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        sequence.force(CloseCause.HANDLER_REMOVED);
    }

    // ---- what happens ----------------------------------------------------------------------------------------------

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.fireChannelActive();
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        sequence.join(promise);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (PeerHalfCloses.isEndOfInput(event)) {
            sequence.onEof(resetSign().isSeen());
        } else if (!(event instanceof ChannelOutputShutdownEvent)) {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (resetSign().note(ctx, cause)) {
            sequence.onTransportError(cause);
        } else {
            ctx.fireExceptionCaught(cause);
        }
    }

    @Override
    public void channelUnregistered(ChannelHandlerContext ctx) {
        ctx.fireChannelUnregistered();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        sequence.onInactive(resetSign().isSeen());
        ctx.fireChannelInactive();
    }

    // ---- input and output ------------------------------------------------------------------------------------------

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!sequence.isCutOff()) {
            ctx.fireChannelRead(message);
            return;
        }
        long bytes = 0;
        try {
            if (message instanceof ByteBuf buffer) {
                bytes = buffer.readableBytes();
                if (sequence.tls != null) {
                    sequence.tls.onDropped(buffer);
                }
            } else if (message instanceof ByteBufHolder holder) {
                bytes = holder.content().readableBytes();
            } else {
                PassedDescriptor.close(ctx.channel(), message);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
        sequence.onRead(bytes);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (sequence.isCutOff()) {
            sequence.onReadComplete();
        } else {
            ctx.fireChannelReadComplete();
        }
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (sequence.isCutOff()) {
            ReferenceCountUtil.release(message);
            promise.tryFailure(new ClosedForWritingException());
        } else {
            ctx.write(message, promise);
        }
    }

    /** Everything that will be sent is behind the barrier already. */
    @Override
    public void flush(ChannelHandlerContext ctx) {
        if (!sequence.isCutOff()) {
            ctx.flush();
        }
    }

    /** The sequence alone decides when to read: the requests of the application and of autoRead end here. */
    @Override
    public void read(ChannelHandlerContext ctx) {
        if (!sequence.isCutOff()) {
            ctx.read();
        }
    }
}
