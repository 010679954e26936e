package dev.lastbyte;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.unix.IntegerUnixChannelOption;

/**
 * TCP_CORK (tcp(7)) of one connection: while it is on, the kernel sends full segments only; switched off, the rest leaves at
 * once, given TCP_NODELAY. Left on, the rest waits for 200 ms and a round trip. Loaded only where the transport is epoll or
 * io_uring. Confined to the channel's event loop.
 */
final class Cork {
    private static final IntegerUnixChannelOption OPTION =
            new IntegerUnixChannelOption("dev.lastbyte.cork.TCP_CORK", 6, 3);

    private final Channel channel;
    private boolean on;
    private boolean emptying;

    Cork(Channel channel) {
        this.channel = channel;
    }

    boolean isOn() {
        return on;
    }

    void on() {
        if (!on) {
            on = set(1);
        }
    }

    /**
     * Takes the cork off once everything flushed is in the kernel: at once, or behind a barrier, for io_uring and a full send
     * buffer take their time.
     *
     * @param othersQueued run if, at the barrier, output of a later message is in the queue
     */
    void offWhenSent(ChannelHandlerContext ctx, Runnable othersQueued) {
        if (!on || emptying) {
            return;
        }
        if (isSent(ctx)) {
            off();
            return;
        }
        emptying = true;
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(barrier -> {
            emptying = false;
            off();
            if (barrier.isSuccess() && !isSent(ctx)) {
                othersQueued.run();
            }
        });
    }

    /** Whether everything flushed is in the kernel, or the channel is closed. */
    static boolean isSent(ChannelHandlerContext ctx) {
        ChannelOutboundBuffer buffer = ctx.channel().unsafe().outboundBuffer();
        return buffer == null || buffer.isEmpty();
    }

    private void off() {
        if (on) {
            on = false;
            set(0);
        }
    }

    /** A socket that takes no options any more is closed, and has sent what it held. */
    private boolean set(int value) {
        try {
            return channel.isOpen() && channel.config().setOption(OPTION, value);
        } catch (ChannelException e) {
            CloseLog.LOG.debug("{} cannot set TCP_CORK {}", channel, value, e);
            return false;
        }
    }
}
