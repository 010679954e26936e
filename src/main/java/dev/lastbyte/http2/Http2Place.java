package dev.lastbyte.http2;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.HandlerPlace;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import org.jspecify.annotations.Nullable;

/** Where an {@link Http2FarewellHandler} may stand: on a connection, directly behind its connection handler. Stateless. */
final class Http2Place {
    private static final String REMEDY = "add it directly behind the Http2ConnectionHandler, together with it";

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
        HandlerPlace.requireEventLoop(ctx);
    }

    /**
     * Refuses what is wrong when input comes: bytes that no codec has taken, and a close that would not be graceful.
     *
     * @throws IllegalStateException with what is wrong and what to do
     */
    static void check(ChannelHandlerContext ctx, boolean getsBytes) {
        HandlerPlace place = HandlerPlace.of(ctx);
        place.requireInFront(GracefulCloseHandler.class);
        if (getsBytes) {
            throw place.refusal("without a codec in front: it gets bytes", REMEDY);
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
        HandlerPlace place = HandlerPlace.of(ours);
        if (place.inFront(Http2ConnectionHandler.class::isInstance) == null) {
            throw place.refusal("in front of the Http2ConnectionHandler", REMEDY);
        }
        String between =
                place.between(Http2ConnectionHandler.class::isInstance, Http2MultiplexHandler.class::isInstance);
        if (between != null) {
            throw place.refusal(
                    "behind '" + between + "'",
                    "add it directly behind the Http2ConnectionHandler, in front of the application's handlers");
        }
        return ours.pipeline().context(Http2ConnectionHandler.class);
    }
}
