package dev.lastbyte.internal.listener;

import dev.lastbyte.internal.SystemView;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import java.util.concurrent.TimeUnit;

/**
 * The turns of the event loop in which a listener accepts: how many connections it takes in each, and when a listener whose new
 * connections cannot be held off is closed. It is closed when its accept queue seems empty: at once where the kernel says so, elsewhere
 * after turns that had nothing to accept. A connection that arrives between that look and the close is lost. If connections keep
 * arriving, the listener is closed after {@link #LIMIT_NANOS}. Confined to the listener's event loop.
 */
public final class AcceptTurns extends ChannelInboundHandlerAdapter {
    static final long LIMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /**
     * How many connections a listener accepts in one turn while it is being stopped. Netty's default is 16, but epoll of Netty 4.2
     * accepts one: it takes the accepted descriptor for a number of bytes, which never is the number it asked for. On an event loop
     * that also serves connections a turn may take 10 ms, so a queue of a hundred takes a second.
     */
    static final int PER_TURN = 64;

    /** In the first the transport may only begin to accept again. */
    private static final int QUIET_TURNS = 2;

    private final Channel listener;
    private final SystemView system;
    private final long limitNanos;
    private int quietTurns;

    private AcceptTurns(Channel listener, SystemView system) {
        this.listener = listener;
        this.system = system;
        limitNanos = system.nanoTime() + LIMIT_NANOS;
    }

    /** Makes a listener accept all connections that wait, up to its limit per turn. Has an effect only before its first accept. */
    public static void prepare(Channel listener) {
        RecvByteBufAllocator allocator = listener.config().getRecvByteBufAllocator();
        if (allocator instanceof ServerChannelRecvByteBufAllocator own) {
            own.respectMaybeMoreData(false);
        }
    }

    /** Raises the limit, from the listener's next turn on. */
    static void acceptMore(Channel listener) {
        RecvByteBufAllocator allocator = listener.config().getRecvByteBufAllocator();
        if (allocator instanceof ServerChannelRecvByteBufAllocator own && own.maxMessagesPerRead() < PER_TURN) {
            own.maxMessagesPerRead(PER_TURN);
        }
    }

    static void closeWhenEmpty(Channel listener, SystemView system) {
        assert listener.eventLoop().inEventLoop();
        AcceptTurns turns = new AcceptTurns(listener, system);
        listener.pipeline().addFirst(turns);
        turns.next();
    }

    /** A scheduled task, unlike an executed one, runs after one more turn of I/O. */
    private void next() {
        listener.eventLoop().schedule(this::turn, 0, TimeUnit.NANOSECONDS);
    }

    private void turn() {
        if (!listener.isOpen()) {
            return;
        }
        quietTurns++;
        if (isEmpty() || system.nanoTime() - limitNanos >= 0) {
            listener.close();
        } else {
            next();
        }
    }

    private boolean isEmpty() {
        return system.hasTcpInfo(listener) ? AcceptQueue.length(listener).orElse(0) == 0 : quietTurns >= QUIET_TURNS;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object connection) {
        quietTurns = 0;
        ctx.fireChannelRead(connection);
    }
}
