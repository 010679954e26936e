package dev.lastbyte.internal.listener;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.util.function.Consumer;

/**
 * Handler of a listener's pipeline that reports the event loop of each accepted connection, so that a drain can wait until that loop has
 * registered the connection. Thread-safe.
 */
@ChannelHandler.Sharable
public final class AcceptWatch extends ChannelInboundHandlerAdapter {
    private final Consumer<EventLoop> whenAccepted;

    /** @param whenAccepted gets the event loop of each connection, on the listener's event loop */
    public AcceptWatch(Consumer<EventLoop> whenAccepted) {
        this.whenAccepted = whenAccepted;
    }

    /** Options that were set after the listener got into the hands of a manager may have replaced what it prepared. */
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        AcceptTurns.prepare(ctx.channel());
        ctx.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ctx.fireChannelRead(message);
        if (message instanceof Channel child && isRegistering(child)) {
            whenAccepted.accept(child.eventLoop());
        }
    }

    private static boolean isRegistering(Channel child) {
        try {
            return child.isOpen() && child.eventLoop() != null;
        } catch (IllegalStateException e) {
            return false; // no event loop took it
        }
    }
}
