package dev.lastbyte.drain;

import dev.lastbyte.GracefulCloseHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;

/**
 * Handler of a listener's pipeline that makes its manager know the listener, and puts a handler of that manager first into each connection
 * that is accepted, before whoever registers it sees it. Whatever else passes, such as a channel within a connection, is left alone.
 * Thread-safe.
 */
@ChannelHandler.Sharable
final class ListenerHandler extends ChannelInboundHandlerAdapter {
    private final GracefulCloseManager manager;

    ListenerHandler(GracefulCloseManager manager) {
        this.manager = manager;
    }

    /** Of two in the same pipeline the first one stays. */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        Channel listener = ctx.channel();
        if (!(listener instanceof ServerChannel)) {
            throw new IllegalStateException("GracefulCloseManager.listenerHandler() was added to " + listener
                    + ", which is no listener: add it to the pipeline of the server channel; a connection takes"
                    + " newHandler()");
        }
        if (ctx.pipeline().context(ListenerHandler.class) != ctx) {
            ctx.pipeline().remove(ctx.name());
            return;
        }
        manager.manage(listener);
        if (listener.isActive()) {
            EarlierConnections.log(listener);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof Channel child && isConnection(child)) {
            child.pipeline().addFirst(manager.newHandler());
        }
        ctx.fireChannelRead(message);
    }

    private static boolean isConnection(Channel child) {
        boolean outermost = child.parent() == null || child.parent() instanceof ServerChannel;
        return outermost && !(child instanceof DatagramChannel) && !(child instanceof ServerChannel);
    }

    /** Whether it has given the connection a handler, as far as can be told. */
    boolean hasServed(Channel child) {
        return child.parent() != null
                && child.parent().pipeline().context(this) != null
                && child.pipeline().get(GracefulCloseHandler.class) != null;
    }
}
