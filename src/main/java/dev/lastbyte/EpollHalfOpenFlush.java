package dev.lastbyte;

import dev.lastbyte.internal.TransportKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.MultithreadEventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import org.jspecify.annotations.Nullable;

/**
 * Lets an epoll channel of Netty 4.2 go on writing after the peer's FIN.
 *
 * <p>From 4.2.13 on, when nothing is left to wait for after the FIN, the transport takes the descriptor out of epoll but
 * believes it is still in: the next write that does not fit into the send buffer fails, and the peer gets a cut answer with a
 * clean EOF. This handler registers the channel anew right before such a flush and flushes in the same task, so that EPOLLOUT
 * is armed before epoll can be asked again. The spin count is unlimited from here on, because a write that uses up its
 * quantum takes the descriptor out too. A {@code read()} would close the channel and is swallowed: after the FIN nothing is
 * left to read. Where the transport has no such fault, all this does no harm.
 *
 * <p>Stands first in the pipeline, from the peer's FIN to the end. Confined to the channel's event loop.
 */
final class EpollHalfOpenFlush extends ChannelDuplexHandler {
    private static final boolean NETTY_4_2 = isNetty42();

    private boolean rearming;
    private boolean inactive;
    private @Nullable ChannelPromise heldClose;

    /** Adds the handler where it is needed, once. */
    static void install(ChannelHandlerContext ctx) {
        TransportKind kind = TransportKind.of(ctx.channel());
        boolean affected = NETTY_4_2 && (kind == TransportKind.EPOLL || kind == TransportKind.EPOLL_UNIX);
        if (affected && ctx.pipeline().get(EpollHalfOpenFlush.class) == null) {
            ctx.pipeline().addFirst(new EpollHalfOpenFlush());
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.channel().config().setWriteSpinCount(Integer.MAX_VALUE);
        ChannelOutboundBuffer buffer = ctx.channel().unsafe().outboundBuffer();
        if (buffer != null && buffer.size() > 0) {
            ctx.flush(); // arms EPOLLOUT while the descriptor is still in
        }
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
        // Nothing is left to read.
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        if (rearming) {
            return; // the flush that follows takes everything
        }
        ChannelOutboundBuffer buffer = ctx.channel().unsafe().outboundBuffer();
        if (buffer == null || buffer.size() > 0 || buffer.totalPendingWriteBytes() == 0) {
            ctx.flush(); // closed, or EPOLLOUT is armed, or nothing to write
            return;
        }
        rearming = true;
        Channel channel = ctx.channel();
        ctx.deregister().addListener(deregistered -> {
            if (channel.isOpen()) {
                channel.eventLoop().register(channel).addListener(registered -> rearmed(ctx));
            } else {
                rearmed(ctx);
            }
        });
    }

    private void rearmed(ChannelHandlerContext ctx) {
        rearming = false;
        ctx.flush();
        ChannelPromise close = heldClose;
        if (close != null) {
            heldClose = null;
            ctx.close(close);
        }
    }

    /** A close in the middle would end the channel while it is unregistered, and channelInactive would be lost. */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (!rearming) {
            ctx.close(promise);
        } else if (heldClose == null) {
            heldClose = promise;
        } else {
            heldClose.addListener(f -> promise.trySuccess());
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        inactive = true;
        ctx.fireChannelInactive();
    }

    @Override
    public void channelUnregistered(ChannelHandlerContext ctx) {
        if (rearming && ctx.channel().isOpen()) {
            return; // the application need not see it
        }
        if (!inactive && !ctx.channel().isOpen()) {
            channelInactive(ctx); // closed by the transport while it was unregistered
        }
        ctx.fireChannelUnregistered();
    }

    @Override
    public void channelRegistered(ChannelHandlerContext ctx) {
        if (!rearming) {
            ctx.fireChannelRegistered();
        }
    }

    /** Netty 4.2 has put a class for all transports between this one and the group of event loops. */
    @SuppressWarnings("deprecation")
    private static boolean isNetty42() {
        return NioEventLoopGroup.class.getSuperclass() != MultithreadEventLoopGroup.class;
    }
}
