package dev.lastbyte.websocket;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;

/**
 * Sees the peer's Close frame, and the violation that makes input unreadable, before Netty's protocol handler does, which
 * answers the one and closes at the other. Confined to the channel's event loop.
 */
final class PeerCloseWatch extends ChannelInboundHandlerAdapter {
    private final WebSocketFarewellHandler handler;

    PeerCloseWatch(WebSocketFarewellHandler handler) {
        this.handler = handler;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof WebSocketFrame) {
            handler.onFrame();
        }
        if (message instanceof CloseWebSocketFrame close) {
            handler.onPeerClose(close.statusCode());
            ctx.fireChannelRead(message);
            handler.afterInputEnd();
        } else {
            ctx.fireChannelRead(message);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof CorruptedWebSocketFrameException) {
            handler.onCorruptInput();
            ctx.fireExceptionCaught(cause);
            handler.afterInputEnd();
        } else {
            ctx.fireExceptionCaught(cause);
        }
    }
}
