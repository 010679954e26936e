package dev.lastbyte;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tells a reset from an EOF. A transport reports a reset as an exception and, in the same turn, as an end of input or of the
 * channel; an exception that nothing follows was not the transport's. Made at the first such exception. Confined to the channel's
 * event loop.
 */
final class Resets {
    /** What the JDK and the kernel say when the connection itself has ended; everything else failed on this side. */
    private static final String[] ENDED = {"reset", "broken pipe", "aborted", "not connected", "timed out"};

    private boolean seen;

    /** Whether the peer, or the kernel on its behalf, ended the connection: ECONNRESET, EPIPE, ENOTCONN, ETIMEDOUT. */
    static boolean isConnectionLost(@Nullable Throwable cause) {
        if (!(cause instanceof IOException) || cause instanceof ClosedChannelException || cause.getMessage() == null) {
            return false;
        }
        String message = cause.getMessage().toLowerCase(Locale.ROOT);
        for (String sign : ENDED) {
            if (message.contains(sign)) {
                return true;
            }
        }
        return false;
    }

    /** The exception with which the transport closed a channel by itself, if there was one: its later writes fail because of it. */
    static @Nullable Throwable transportFailure(Channel closed) {
        ChannelPromise late = closed.newPromise();
        closed.unsafe().write(Unpooled.EMPTY_BUFFER, late);
        Throwable failure = late.cause();
        return failure == null ? null : failure.getCause();
    }

    /** An exception speaks of a lost connection. */
    void note(ChannelHandlerContext ctx) {
        if (!seen) {
            seen = true;
            ctx.executor().execute(() -> seen = !ctx.channel().isOpen());
        }
    }

    boolean isSeen() {
        return seen;
    }
}
