package dev.lastbyte.internal.listener;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.util.function.Consumer;

/**
 * Stands in a listener's pipeline and makes known the event loop of each connection that is accepted, so that a drain can wait
 * until that loop has taken it over. Thread-safe.
 */
@ChannelHandler.Sharable
public final class AcceptWatch extends ChannelInboundHandlerAdapter {
    private final Consumer<EventLoop> whenAccepted;

    /** @param whenAccepted is told the event loop of each connection, on the listener's event loop */
    public AcceptWatch(Consumer<EventLoop> whenAccepted) {
        this.whenAccepted = whenAccepted;
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
            return false; // no event loop would have it
        }
    }
}
