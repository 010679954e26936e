package dev.lastbyte.auto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.http.HttpFarewellHandler;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import dev.lastbyte.testing.WebSocketPeer;
import dev.lastbyte.websocket.WebSocketFarewellConfig;
import dev.lastbyte.websocket.WebSocketFarewellHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A WebSocket gets its farewell with the end of its handshake, whoever shakes hands. */
@RealSockets
class FarewellsWebSocketIT {
    private static final Farewells ONLY_WEB_SOCKET =
            Farewells.builder().webSocket(WebSocketFarewellConfig.defaults()).build();

    /** A way to a WebSocket. */
    enum Form {
        PROTOCOL_HANDLER(Farewells.auto()),
        HANDSHAKER(Farewells.auto()),
        /** The handshake is answered later than in the call that has read it. */
        LATE_HANDSHAKER(Farewells.auto()),
        WITHOUT_HTTP(ONLY_WEB_SOCKET);

        private final Farewells farewells;

        Form(Farewells farewells) {
            this.farewells = farewells;
        }

        void fill(Channel channel, FarewellServer server) {
            ChannelPipeline pipeline = channel.pipeline();
            pipeline.addLast(new HttpServerCodec(), new HttpObjectAggregator(1000));
            if (this == PROTOCOL_HANDLER || this == WITHOUT_HTTP) {
                pipeline.addLast(new WebSocketServerCompressionHandler(0));
                pipeline.addLast(new WebSocketServerProtocolHandler("/", null, true));
            } else {
                pipeline.addLast(new ShakesHands(this == LATE_HANDSHAKER, server));
            }
            pipeline.addLast(new Echo());
        }
    }

    /** Shakes hands by itself. Confined to the channel's event loop. */
    private static final class ShakesHands extends SimpleChannelInboundHandler<FullHttpRequest> {
        private final boolean late;
        private final FarewellServer server;

        ShakesHands(boolean late, FarewellServer server) {
            this.late = late;
            this.server = server;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
            WebSocketServerHandshaker handshaker =
                    new WebSocketServerHandshakerFactory("ws://x/", null, false).newHandshaker(request);
            if (late) {
                FullHttpRequest kept = request.retain();
                server.hold(ctx.channel(), () -> {
                    handshaker.handshake(ctx.channel(), kept);
                    kept.release();
                });
            } else {
                handshaker.handshake(ctx.channel(), request);
            }
        }
    }

    /** Confined to the channel's event loop. */
    private static final class Echo extends SimpleChannelInboundHandler<TextWebSocketFrame> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, TextWebSocketFrame frame) {
            ctx.writeAndFlush(frame.retain());
        }
    }

    @ParameterizedTest
    @EnumSource
    void drain_saysGoingAway(Form form) throws Exception {
        try (FarewellServer server =
                        new FarewellServer(Transports.EPOLL, form.farewells, (channel, s) -> form.fill(channel, s));
                WebSocketPeer peer = WebSocketPeer.silent(server.address(), 0)) {
            if (form == Form.LATE_HANDSHAKER) {
                Thread releaser = new Thread(() -> {
                    server.awaitHeld(1);
                    server.release();
                });
                releaser.start();
                peer.shakeHands();
                releaser.join();
            } else {
                peer.shakeHands();
            }
            peer.sendText("hello");
            assertEquals("hello", peer.read().text());
            server.awaitNoSearch();
            assertEquals(1, server.count(WebSocketFarewellHandler.class));
            assertEquals(0, server.count(HttpFarewellHandler.class));

            CompletableFuture<DrainReport> drain = server.drain();
            WebSocketPeer.Frame close = peer.read();
            assertEquals(1001, close.status());
            peer.sendClose(1001, "");
            assertNull(peer.read());

            FarewellServer.lossless(drain);
            List<String> expected = form == Form.WITHOUT_HTTP
                    ? List.of("INFO WebSocket on ADDRESS: farewell installed")
                    : List.of(
                            "INFO HTTP/1.1 on ADDRESS: farewell installed",
                            "INFO WebSocket on ADDRESS: farewell installed");
            assertEquals(expected, server.stopLog());
        }
    }
}
