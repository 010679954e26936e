package dev.lastbyte.http2;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where an {@link Http2FarewellHandler} may stand: on a connection, directly behind its connection handler. Stateless. */
final class Http2Place {
    private Http2Place() {}

    /**
     * Rejects a channel that is not a connection, and an executor of the handler's own.
     *
     * @throws IllegalStateException with what is wrong and what to do
     */
    static void check(ChannelHandlerContext ctx) {
        Channel channel = ctx.channel();
        if (channel instanceof Http2StreamChannel) {
            throw new IllegalStateException("Http2FarewellHandler was added to the stream " + channel
                    + ": add it to the connection, behind its Http2ConnectionHandler");
        }
        if (ctx.executor() != channel.eventLoop()) {
            throw new IllegalStateException("Http2FarewellHandler was added to " + channel
                    + " with an executor of its own: add it without one, it must run on the channel's event loop");
        }
    }

    /**
     * The connection handler in front of ours, or null if the pipeline has none.
     *
     * @throws IllegalStateException if it stands behind ours, or if a handler stands between whose {@code close()} would be bypassed
     */
    static @Nullable ChannelHandlerContext connectionHandler(ChannelHandlerContext ours) {
        if (ours.pipeline().get(Http2ConnectionHandler.class) == null) {
            return null;
        }
        ChannelHandler found = null;
        String between = null;
        for (Map.Entry<String, ChannelHandler> entry : ours.pipeline()) {
            ChannelHandler handler = entry.getValue();
            if (handler == ours.handler()) {
                break;
            }
            if (handler instanceof Http2ConnectionHandler) {
                found = handler;
                between = null;
            } else if (found != null && between == null && !(handler instanceof Http2MultiplexHandler)) {
                between = entry.getKey();
            }
        }
        if (found == null) {
            throw new IllegalStateException("Http2FarewellHandler was added to " + ours.channel()
                    + " in front of the Http2ConnectionHandler: add it behind, together with it");
        }
        if (between != null) {
            throw new IllegalStateException(
                    "Http2FarewellHandler was added to " + ours.channel() + " behind '" + between
                            + "': add it directly behind the Http2ConnectionHandler, in front of the application's handlers");
        }
        return ours.pipeline().context(found);
    }
}
