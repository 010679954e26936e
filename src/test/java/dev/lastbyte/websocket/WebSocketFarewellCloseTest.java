package dev.lastbyte.websocket;

import static dev.lastbyte.FarewellReport.Outcome.ANSWERED;
import static dev.lastbyte.FarewellReport.Outcome.SAID;
import static dev.lastbyte.FarewellReport.Outcome.UNANSWERED;
import static dev.lastbyte.websocket.WebSocketConnection.OUR_CLOSE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Linear;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.WebSocketPeer;
import dev.lastbyte.websocket.WebSocketConnection.Codec;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which Close frame is sent, when, and what comes of it, in pipelines of Netty's codec with frozen time. */
@ExtendWith(NoWarnings.class)
class WebSocketFarewellCloseTest {
    @RegisterExtension
    final WebSocketConnection webSocket = new WebSocketConnection();

    // ---- close() ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void close_saysCloseOnce_waitsForTheAnswer_thenGoesOn(Codec codec) {
        webSocket.open(codec).play("close close").sends(OUR_CLOSE);
        webSocket.play("45s open peer:1001 closed").sends();
        webSocket.ends(ANSWERED);
    }

    @ParameterizedTest
    @EnumSource
    void close_isNotAnswered_goesOnAtTheLimit(Codec codec) {
        webSocket.open(codec).play("close 45s open 46s closed").sends(OUR_CLOSE);
        webSocket.ends(UNANSWERED);
    }

    // ---- Close frames of others ------------------------------------------------------------------------------------

    /** It was on its way already, for all we know. */
    @ParameterizedTest
    @EnumSource
    void peerCloses_behindOurs_withAStatusOfItsOwn_isNoAnswer_andNotWaitedForAnyLonger(Codec codec) {
        webSocket.open(codec).play("close peer:4000:mine closed").sends(OUR_CLOSE);
        webSocket.ends(UNANSWERED);
    }

    @Test
    void peerCloses_first_isAnsweredByNetty_andNothingIsSaidTwice() {
        webSocket.open(Codec.PROTOCOL_HANDLER).play("peer:1000:bye closed").sends("CLOSE 1000 bye");
        webSocket.ends(SAID);
    }

    @ParameterizedTest
    @EnumSource(names = {"WITHOUT_CLOSE", "HANDSHAKER"})
    void peerCloses_first_andNobodyAnswers_closeEchoesItsStatus(Codec codec) {
        webSocket.open(codec).play("peer:4001:bye open");
        assertEquals(List.of("CLOSE 4001"), webSocket.application.received);
        webSocket.play("close closed").sends("CLOSE 4001");
        webSocket.ends(SAID);
    }

    @ParameterizedTest
    @EnumSource
    void applicationSaysCloseItself_isTakenForTheFarewell(Codec codec) {
        webSocket.open(codec).play("say:4002:own close open peer:4002 closed").sends("CLOSE 4002 own");
        webSocket.ends(ANSWERED);
    }

    /** Netty answers a peer's Close although it is an answer itself. */
    @ParameterizedTest
    @EnumSource
    void applicationsClose_isAnswered_beforeCloseIsCalled(Codec codec) {
        webSocket.open(codec).play("say:4002:own peer:4002 close closed").sends("CLOSE 4002 own");
        webSocket.ends(ANSWERED);
    }

    // ---- violations ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void violation_isAnsweredByTheDecoderAlone_andNotWaitedFor(Codec codec) {
        webSocket.open(codec).receive(new byte[] {(byte) 0x83, (byte) 0x80, 0, 0, 0, 0}); // a reserved opcode
        webSocket.play("closed");
        assertOneCloseFrame("CLOSE 1002 ");
        webSocket.ends(UNANSWERED);
        assertEquals(1, webSocket.application.failures.size());
    }

    @Test
    void invalidText_isAnsweredByTheValidatorAlone() {
        webSocket
                .open(Codec.PROTOCOL_HANDLER)
                .receive(WebSocketPeer.masked(true, WebSocketPeer.TEXT, new byte[] {(byte) 0xff}));
        webSocket.play("closed");
        assertOneCloseFrame("CLOSE 1007 ");
    }

    private void assertOneCloseFrame(String beginning) {
        List<String> said = webSocket.frames();
        assertEquals(1, said.size(), said::toString);
        assertTrue(said.get(0).startsWith(beginning), said::toString);
    }

    /** The peer goes on sending after our Close, and each echo fails and closes. */
    @Test
    void framesAfterTheClose_eachEchoFailsAndCloses_takeTimeInProportion() {
        Linear.assertLinear(50_000, times -> {
            WebSocketConnection other = new WebSocketConnection();
            other.open(Codec.PROTOCOL_HANDLER);
            other.channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                    if (event == ECHO) {
                        ctx.writeAndFlush(new TextWebSocketFrame("echo")).addListener(ChannelFutureListener.CLOSE);
                    }
                }
            });
            other.play("close");
            for (int i = 0; i < times; i++) {
                other.receiveText(true, WebSocketPeer.TEXT, "x");
                other.channel.pipeline().fireUserEventTriggered(ECHO);
            }
            other.play("open now closed");
            other.channel.finishAndReleaseAll();
        });
    }

    private static final Object ECHO = "echo";
}
