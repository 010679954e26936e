package dev.lastbyte.tcp;

import dev.lastbyte.internal.Loggers;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.unix.IntegerUnixChannelOption;
import org.slf4j.Logger;

/**
 * TCP_CORK (tcp(7)) of one connection. While it is on, the kernel sends full segments only. When it is switched off, the rest
 * leaves at once, given TCP_NODELAY. If it stays on, the rest waits for 200 ms and a round trip. Loaded only where the transport is
 * epoll or io_uring. Confined to the channel's event loop.
 */
final class Cork {
    private static final IntegerUnixChannelOption OPTION =
            new IntegerUnixChannelOption("dev.lastbyte.cork.TCP_CORK", 6, 3);

    private static final Logger LOG = Loggers.of(Cork.class);

    private enum State {
        OFF,
        ON,
        /** On, until everything flushed so far is in the kernel. */
        EMPTYING
    }

    private final Channel channel;
    private State state = State.OFF;

    Cork(Channel channel) {
        this.channel = channel;
    }

    boolean isOn() {
        return state != State.OFF;
    }

    void on() {
        if (state == State.OFF && set(1)) {
            state = State.ON;
        }
    }

    /**
     * Takes the cork off once everything flushed is in the kernel: at once, or behind a barrier, because io_uring and a full send
     * buffer take their time.
     *
     * @param othersQueued runs if output of a later message is in the queue at the barrier
     */
    void offWhenSent(ChannelHandlerContext ctx, Runnable othersQueued) {
        if (state != State.ON) {
            return;
        }
        if (isSent(ctx)) {
            off();
            return;
        }
        state = State.EMPTYING;
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(barrier -> {
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
        state = State.OFF;
        set(0);
    }

    /** A socket that no longer takes options is closed, and has sent what it held. */
    private boolean set(int value) {
        try {
            return channel.isOpen() && channel.config().setOption(OPTION, value);
        } catch (ChannelException e) {
            LOG.debug("{} cannot set TCP_CORK {}", channel, value, e);
            return false;
        }
    }
}
