package dev.lastbyte.websocket;

import static dev.lastbyte.FarewellReport.Outcome.ANSWERED;
import static dev.lastbyte.websocket.WebSocketConnection.OUR_CLOSE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.websocket.WebSocketConnection.Codec;
import io.netty.channel.embedded.EmbeddedChannel;
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
    void handlerInFrontOfTheCodec_passesCloseOn() {
        webSocket.connect(Codec.HANDSHAKER, new WebSocketFarewellHandler(WebSocketConnection.CONFIG));
        webSocket.shakeHands();
        webSocket.play("close closed");
        assertEquals("", webSocket.sent());
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
