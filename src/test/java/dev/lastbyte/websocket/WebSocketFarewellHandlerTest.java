package dev.lastbyte.websocket;

import static dev.lastbyte.FarewellReport.Outcome.ANSWERED;
import static dev.lastbyte.FarewellReport.Outcome.NOT_SAID;
import static dev.lastbyte.websocket.WebSocketConnection.OUR_CLOSE;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.WebSocketPeer;
import dev.lastbyte.websocket.WebSocketConnection.Codec;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Where the WebSocket farewell handler stands in a pipeline, when it may be added, and what its removal leaves. */
@ExtendWith(NoWarnings.class)
class WebSocketFarewellHandlerTest {
    @RegisterExtension
    final WebSocketConnection webSocket = new WebSocketConnection();

    @Test
    void close_withoutHandshake_saysNothing() {
        webSocket.connect(Codec.WITHOUT_CLOSE);
        webSocket.addFarewell();
        webSocket.play("close closed");
        assertEquals("", webSocket.sent());
        assertTrue(GracefulCloseHandler.report(webSocket.channel)
                .getNow()
                .farewell()
                .isEmpty());
    }

    @Test
    void handlerAdded_afterTheHandshake_serves() {
        webSocket.connect(Codec.HANDSHAKER);
        webSocket.shakeHands();
        webSocket.addFarewell();
        webSocket.play("close peer:1001 closed").sends(OUR_CLOSE);
        webSocket.ends(ANSWERED);
    }

    @Test
    void wrongPlaces_areRefused_withWhatToDo() {
        refused(
                "in front of 'HttpServerCodec#0'",
                graceful(),
                new WebSocketFarewellHandler(),
                new HttpServerCodec(),
                new WebSocketServerProtocolHandler("/"));
        refused(
                "behind 'application'",
                graceful(),
                new HttpServerCodec(),
                new WebSocketServerProtocolHandler("/"),
                new Application(),
                new WebSocketFarewellHandler());
        refused("without a codec in front", graceful(), new WebSocketFarewellHandler());
        refused("without a GracefulCloseHandler", new HttpServerCodec(), new WebSocketFarewellHandler());
        refused(
                "in front of the GracefulCloseHandler",
                new HttpServerCodec(),
                new WebSocketFarewellHandler(),
                graceful());
    }

    /** A FIN without a Close frame: there is nobody left to say it to, and no message to wait for. */
    @Test
    void peerEnds_withoutAClose_isLetGoAtOnce() {
        for (boolean inMessage : new boolean[] {false, true}) {
            EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(new GracefulCloseHandler());
            channel.pipeline()
                    .addLast(
                            new HttpServerCodec(),
                            new HttpObjectAggregator(1024),
                            new WebSocketServerProtocolHandler("/"),
                            new WebSocketFarewellHandler());
            channel.pipeline().fireChannelRead(Unpooled.copiedBuffer(WebSocketPeer.handshake()));
            channel.runPendingTasks();
            channel.room(4);
            channel.writeAndFlush(new TextWebSocketFrame(!inMessage, 0, "pending"));
            long before = channel.taken();
            channel.peerFin();
            assertTrue(GracefulCloseHandler.isClosing(channel));
            channel.room(Long.MAX_VALUE);
            channel.runPendingTasks();
            assertFalse(channel.isOpen());
            assertEquals(2 + "pending".length(), channel.taken() - before + 4, "a Close frame was sent");
            assertEquals(
                    NOT_SAID,
                    GracefulCloseHandler.report(channel)
                            .getNow()
                            .farewell()
                            .orElseThrow()
                            .outcome());
        }
    }

    private static GracefulCloseHandler graceful() {
        return new GracefulCloseHandler();
    }

    private static final class Application extends ChannelInboundHandlerAdapter {}

    private static void refused(String wrong, ChannelHandler... handlers) {
        EmbeddedChannel channel = new EmbeddedChannel();
        for (ChannelHandler handler : handlers) {
            channel.pipeline().addLast(handler instanceof Application ? "application" : null, handler);
        }
        channel.pipeline().fireChannelRead(Unpooled.copiedBuffer("GET / HTTP/1.1\r\n\r\n", US_ASCII));
        Throwable thrown = assertThrows(Exception.class, channel::checkException, wrong);
        String text = "" + (thrown.getCause() == null ? thrown : thrown.getCause()).getMessage();
        assertTrue(text.startsWith("WebSocketFarewellHandler was added to "), text);
        assertTrue(text.contains(wrong), text);
        assertTrue(text.contains(": add "), text);
        channel.pipeline().fireChannelRead(Unpooled.copiedBuffer("GET / HTTP/1.1\r\n\r\n", US_ASCII));
        channel.checkException(); // once
        channel.finishAndReleaseAll();
    }

    @Test
    void handlerRemoved_whileAnAnswerIsAwaited_closeGoesOn() {
        webSocket.open(Codec.PROTOCOL_HANDLER).play("close");
        int handlers = webSocket.channel.pipeline().names().size();
        webSocket.removeFarewell();
        webSocket.play("closed");
        assertTrue(webSocket.channel.pipeline().names().size() < handlers - 2, "its parts in front are still there");
    }

    @Test
    void handlerRemoved_fromAnOpenWebSocket_leavesNettyAsItWas() {
        webSocket.open(Codec.PROTOCOL_HANDLER).removeFarewell();
        webSocket.play("close closed").sends("CLOSE 1000 Bye");
    }

    @Test
    @SuppressWarnings("deprecation") // Netty 4.2 advises against it, too
    void handlerWithAnExecutorOfItsOwn_isRefused() throws Exception {
        DefaultEventExecutorGroup other = new DefaultEventExecutorGroup(1);
        EmbeddedChannel channel = new EmbeddedChannel(new GracefulCloseHandler());
        webSocket.channel = channel;
        channel.pipeline().addLast(other, new WebSocketFarewellHandler(WebSocketConnection.CONFIG));
        other.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync(); // what it was asked to do has been done then
        channel.runPendingTasks();
        IllegalStateException refusal = assertInstanceOf(
                IllegalStateException.class,
                assertThrows(Exception.class, channel::checkException).getCause());
        assertTrue(refusal.getMessage().contains("with an executor of its own"), refusal::toString);
    }
}
