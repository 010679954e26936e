package dev.lastbyte.websocket;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.HandlerPlace;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandler;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketFrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;

/**
 * Where a {@link WebSocketFarewellHandler} may stand: behind the codec and in front of the application, on the channel's event loop, with
 * a {@link GracefulCloseHandler} nearer the transport. Stateless.
 */
final class WebSocketPlace {
    private static final String NETTY = "io.netty.";
    private static final String REMEDY =
            "add it behind Netty's WebSocket codec, in front of the handlers that close the channel";

    private WebSocketPlace() {}

    /**
     * Refuses what is wrong whatever else is added: the codec and the handler in front may come later.
     *
     * @throws IllegalStateException with what is wrong and what to do
     */
    static void check(ChannelHandlerContext ours) {
        HandlerPlace.requireEventLoop(ours);
        HandlerPlace place = HandlerPlace.of(ours);
        String codec = place.behind(WebSocketPlace::isCodec);
        if (codec != null) {
            throw place.refusal("in front of '" + codec + "'", REMEDY);
        }
        String between =
                place.between(WebSocketServerProtocolHandler.class::isInstance, WebSocketPlace::mayStandInFront);
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
            throw place.refusal("without a codec in front: it gets bytes, not frames", REMEDY);
        }
    }

    private static boolean isCodec(ChannelHandler handler) {
        return handler instanceof HttpServerCodec
                || handler instanceof HttpRequestDecoder
                || handler instanceof WebSocketServerProtocolHandler
                || handler instanceof WebSocketFrameEncoder;
    }

    /** What does not read cannot close on a message; Netty's own handlers aggregate, compress and watch. */
    private static boolean mayStandInFront(ChannelHandler handler) {
        return !(handler instanceof ChannelInboundHandler)
                || handler.getClass().getName().startsWith(NETTY);
    }
}
