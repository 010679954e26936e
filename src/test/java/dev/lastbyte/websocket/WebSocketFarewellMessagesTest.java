package dev.lastbyte.websocket;

import static dev.lastbyte.FarewellReport.Outcome.ANSWERED;
import static dev.lastbyte.FarewellReport.Outcome.NOT_SAID;
import static dev.lastbyte.FarewellReport.Outcome.SAID;
import static dev.lastbyte.websocket.WebSocketConnection.OUR_CLOSE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.WebSocketPeer;
import dev.lastbyte.websocket.WebSocketConnection.Codec;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages in front of our Close frame and behind it, with frozen time: what is finished, what is refused, what still arrives. */
@ExtendWith(NoWarnings.class)
class WebSocketFarewellMessagesTest {
    @RegisterExtension
    final WebSocketConnection webSocket = new WebSocketConnection();

    // ---- behind the Close frame ------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void messages_behindTheCloseFrame_failAndAreNotSent(Codec codec) {
        webSocket.open(codec).play("close");
        webSocket.refuses(new TextWebSocketFrame("late"));
        webSocket.refuses(new PingWebSocketFrame());
        webSocket.sends(OUR_CLOSE);
    }

    @Test
    void pings_areAnsweredUntilTheCloseFrame_notBehindIt() {
        webSocket
                .open(Codec.PROTOCOL_HANDLER)
                .play("peerping:1 close peerping:2")
                .sends("PONG 1", OUR_CLOSE);
    }

    @ParameterizedTest
    @EnumSource
    void peersMessages_behindOurCloseFrame_stillReachTheApplication(Codec codec) {
        webSocket.open(codec).play("close");
        webSocket.receiveText(true, WebSocketPeer.TEXT, "one");
        webSocket.receiveText(false, WebSocketPeer.TEXT, "two");
        webSocket.receiveText(true, WebSocketPeer.CONTINUATION, "rest");
        webSocket.play("peer:1001");
        assertEquals(
                List.of("one", "two", "rest"),
                webSocket.application.received.stream()
                        .filter(m -> !m.startsWith("CLOSE"))
                        .toList());
        webSocket.ends(ANSWERED);
    }

    // ---- fragments -------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void messageInFragments_isFinished_beforeTheCloseFrame(Codec codec) {
        webSocket.open(codec).play("begin:a close close ping more:b").sends("text a", "PING", "more b");
        webSocket.play("last:c").sends("MORE c", OUR_CLOSE);
        webSocket.play("open peer:1001 closed").ends(ANSWERED);
    }

    @Test
    void messageInFragments_isNotWaitedForBeyondTheLimit() {
        webSocket.open(Codec.PROTOCOL_HANDLER);
        webSocket.channel.writeAndFlush(new BinaryWebSocketFrame(false, 0, Unpooled.wrappedBuffer(new byte[] {'a'})));
        webSocket.play("close 30s").sends("binary a");
        webSocket.play("31s").sends(OUR_CLOSE);
        webSocket.refuses(new ContinuationWebSocketFrame(true, 0, "b"));
        webSocket.play("45s open peer:1001").ends(ANSWERED);
    }

    @ParameterizedTest
    @EnumSource
    void messageInFragments_isNotWaitedFor_whenThePeerCloses(Codec codec) {
        webSocket.open(codec).play("begin:a close peer:1000 closed").sends("text a", "CLOSE 1000");
        webSocket.ends(SAID);
    }

    @Test
    void messageInFragments_connectionLost_completesEveryClose() {
        webSocket.open(Codec.PROTOCOL_HANDLER).play("begin:a close now closed").sends("text a");
        webSocket.ends(NOT_SAID);
        webSocket.play("200s"); // no timer is left
    }

    @Test
    void messageInFragments_handlerRemoved_completesEveryClose() {
        webSocket.open(Codec.PROTOCOL_HANDLER).play("begin:a close").removeFarewell();
        webSocket.play("closed").sends("text a", OUR_CLOSE);
    }

    @Test
    void applicationThatAnswersFragmentByFragment_whileItsCloseIsHeld_staysInOrder() {
        Channel channel = webSocket.open(Codec.PROTOCOL_HANDLER).channel;
        channel.write(new TextWebSocketFrame(false, 0, "a"));
        channel.write(new ContinuationWebSocketFrame(true, 0, "b")).addListener(f -> channel.close());
        channel.write(new TextWebSocketFrame(true, 0, "c"));
        channel.flush();
        webSocket.sends("text a", "MORE b", "TEXT c", OUR_CLOSE);
    }
}
