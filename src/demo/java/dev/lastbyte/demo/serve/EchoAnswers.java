package dev.lastbyte.demo.serve;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * The echo side of {@code serve}: sends back what it gets. A line {@code QUIT} is sent back too, then the connection is
 * closed. Reading pauses while the client does not take its echo. Confined to the channel's event loop.
 */
final class EchoAnswers extends ChannelInboundHandlerAdapter {
    private final QuitLine quit = new QuitLine();
    private boolean ending;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (ending) {
            bytes.release();
            return;
        }
        int upToQuit = quit.find(bytes);
        if (upToQuit == QuitLine.NOT_YET) {
            ctx.write(bytes);
        } else {
            ending = true;
            ChannelFuture last = ctx.writeAndFlush(bytes.slice(bytes.readerIndex(), upToQuit));
            last.addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.flush();
        ctx.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ctx.channel().config().setAutoRead(ctx.channel().isWritable());
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
