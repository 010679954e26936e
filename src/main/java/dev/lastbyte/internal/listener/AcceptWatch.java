package dev.lastbyte.internal.listener;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * Handler of a listener's pipeline that reports the event loop of each accepted connection, so that a drain can wait until that loop has
 * registered the connection; and accepts that failed, mostly for lack of descriptors, so that a drain can free some. Thread-safe.
 */
@ChannelHandler.Sharable
public final class AcceptWatch extends ChannelInboundHandlerAdapter {
    private final Consumer<EventLoop> whenAccepted;
    private final Runnable whenFailed;

    /**
     * Both are called on the listener's event loop.
     *
     * @param whenAccepted gets the event loop of each connection
     * @param whenFailed runs when the listener could not accept
     */
    public AcceptWatch(Consumer<EventLoop> whenAccepted, Runnable whenFailed) {
        this.whenAccepted = whenAccepted;
        this.whenFailed = whenFailed;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.fireExceptionCaught(cause);
        if (cause instanceof IOException) {
            whenFailed.run();
        }
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
