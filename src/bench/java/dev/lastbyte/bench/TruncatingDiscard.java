package dev.lastbyte.bench;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.unix.UnixChannel;

/**
 * Drops behind each read of Netty whatever else the socket has received, without copying it. Netty's read itself stays, for only it
 * learns of the end. Stands before {@link HandmadeDiscard}. Confined to the event loop.
 */
final class TruncatingDiscard extends ChannelInboundHandlerAdapter {
    private static final long MOST_BYTES = 1 << 20;
    private static final int MOST_CALLS = 16;

    private final HandmadeDiscard discard;

    TruncatingDiscard(HandmadeDiscard discard) {
        this.discard = discard;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ctx.fireChannelRead(message);
        if (!ctx.channel().isActive()) {
            return;
        }
        int socket = ((UnixChannel) ctx.channel()).fd().intValue();
        long n = MOST_BYTES;
        for (int i = 0; i < MOST_CALLS && n == MOST_BYTES; i++) {
            n = TruncatingReceive.drop(socket, MOST_BYTES);
            discard.dropped(Math.max(0, n));
        }
        if (n < -1) {
            ctx.close();
        }
    }
}
