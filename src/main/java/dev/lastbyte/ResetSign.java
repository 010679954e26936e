package dev.lastbyte;

import io.netty.channel.ChannelHandlerContext;

/**
 * Tells a reset from an EOF. A transport reports a reset as an exception and, in the same turn, as an end of input or of the
 * channel; an exception that nothing follows was not the transport's. Confined to the channel's event loop.
 */
final class ResetSign {
    private boolean seen;

    /** Notes an exception; returns whether it speaks of a lost connection. */
    boolean note(ChannelHandlerContext ctx, Throwable cause) {
        if (!TransportErrors.isConnectionLost(cause)) {
            return false;
        }
        if (!seen) {
            seen = true;
            ctx.executor().execute(() -> seen = !ctx.channel().isOpen());
        }
        return true;
    }

    boolean isSeen() {
        return seen;
    }
}
