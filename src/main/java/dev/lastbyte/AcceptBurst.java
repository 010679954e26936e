package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannelRecvByteBufAllocator;

/**
 * How many connections a listener accepts in one turn of its event loop. Netty's default is 16, but Netty 4.2's epoll accepts
 * one: it takes the accepted descriptor for a number of bytes, which never is the number it asked for. On a loop that also
 * serves connections a turn may take 10 ms, and a queue of a hundred then a second. Stateless.
 */
final class AcceptBurst {
    static final int PER_TURN = 64;

    private AcceptBurst() {}

    /** Makes a listener accept as many as are waiting, up to its limit. Works only if said before its first accept. */
    static void prepare(Channel listener) {
        RecvByteBufAllocator allocator = listener.config().getRecvByteBufAllocator();
        if (allocator instanceof ServerChannelRecvByteBufAllocator own) {
            own.respectMaybeMoreData(false);
        }
    }

    /** Raises the limit, from the listener's next turn on. */
    static void begin(Channel listener) {
        RecvByteBufAllocator allocator = listener.config().getRecvByteBufAllocator();
        if (allocator instanceof ServerChannelRecvByteBufAllocator own && own.maxMessagesPerRead() < PER_TURN) {
            own.maxMessagesPerRead(PER_TURN);
        }
    }
}
