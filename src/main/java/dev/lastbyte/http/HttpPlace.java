package dev.lastbyte.http;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.HandlerPlace;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandler;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;

/**
 * Where an {@link HttpFarewellHandler} may stand: right behind the codec, on the channel's event loop, with a {@link
 * GracefulCloseHandler} nearer the transport. Stateless.
 */
final class HttpPlace {
    private static final String REMEDY =
            "add it right behind the HttpServerCodec, in front of all handlers that answer";

    private HttpPlace() {}

    /**
     * Refuses what is wrong whatever else is added: the codec and the handler in front may come later.
     *
     * @throws IllegalStateException with what is wrong and what to do
     */
    static void check(ChannelHandlerContext ours) {
        HandlerPlace.requireEventLoop(ours);
        HandlerPlace place = HandlerPlace.of(ours);
        String codec = place.behind(HttpPlace::isCodec);
        if (codec != null) {
            throw place.refusal("in front of '" + codec + "'", REMEDY);
        }
        String between = place.between(HttpPlace::isCodec, handler -> !(handler instanceof ChannelInboundHandler));
        if (between != null) {
            throw place.refusal("behind '" + between + "'", REMEDY);
        }
    }

    /**
     * Refuses what is wrong when the first message comes.
     *
     * @throws IllegalStateException with what is wrong and what to do
     */
    static void check(ChannelHandlerContext ours, Object firstMessage) {
        check(ours);
        HandlerPlace place = HandlerPlace.of(ours);
        place.requireInFront(GracefulCloseHandler.class);
        if (firstMessage instanceof ByteBuf) {
            throw place.refusal("without a codec in front: it gets bytes, not requests", REMEDY);
        }
    }

    private static boolean isCodec(ChannelHandler handler) {
        return handler instanceof HttpServerCodec
                || handler instanceof HttpRequestDecoder
                || handler instanceof HttpResponseEncoder;
    }
}
