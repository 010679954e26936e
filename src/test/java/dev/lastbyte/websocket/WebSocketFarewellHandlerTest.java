package dev.lastbyte.websocket;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.FarewellReport;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.WebSocketPeer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is said, when, and what comes of it, in pipelines of Netty's codec with frozen time. */
@ExtendWith(NoWarnings.class)
class WebSocketFarewellHandlerTest {
    private static final WebSocketFarewellConfig CONFIG = WebSocketFarewellConfig.builder()
            .reason("restart")
            .messageTimeout(Duration.ofSeconds(60)) // long, as real time counts too
            .answerTimeout(Duration.ofSeconds(90))
            .build();

    private final Application application = new Application();
    private EmbeddedChannel channel = new EmbeddedChannel();

    /** How Netty is asked for WebSocket. */
    enum Codec {
        /** Its protocol handler, which answers Close frames and says 1000 on close() by itself. */
        PROTOCOL_HANDLER,
        /** The same, told to leave Close frames to others. */
        WITHOUT_CLOSE,
        /** A handshake by the application. */
        HANDSHAKER;

        ChannelHandler handler() {
            WebSocketServerProtocolConfig.Builder config =
                    WebSocketServerProtocolConfig.newBuilder().websocketPath("/");
            return switch (this) {
                case PROTOCOL_HANDLER -> new WebSocketServerProtocolHandler(config.build());
                case WITHOUT_CLOSE ->
                    new WebSocketServerProtocolHandler(
                            config.handleCloseFrames(false).sendCloseFrame(null).build());
                case HANDSHAKER -> new Handshakes();
            };
        }
    }

    @AfterEach
    void release() {
        channel.finishAndReleaseAll();
    }

    private void open(Codec codec) {
        open(codec, CONFIG);
    }

    private void open(Codec codec, WebSocketFarewellConfig config) {
        channel = new EmbeddedChannel(new GracefulCloseHandler());
        channel.freezeTime();
        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1024), codec.handler());
        channel.pipeline().addLast(new WebSocketFarewellHandler(config), application);
        receive(WebSocketPeer.handshake());
        assertTrue(sent().startsWith("HTTP/1.1 101 "));
    }

    // ---- the farewell ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void close_saysCloseOnce_waitsForTheAnswer_thenGoesOn(Codec codec) {
        open(codec);
        ChannelFuture close = channel.pipeline().close();
        ChannelFuture second = channel.pipeline().close();
        assertEquals(List.of("CLOSE 1001 restart"), frames());
        pass(45);
        assertTrue(channel.isOpen());
        receiveClose(1001, "");
        assertTrue(close.isSuccess() && second.isSuccess());
        assertEquals(List.of(), frames());
        assertFarewell(FarewellReport.Outcome.ANSWERED);
    }

    @ParameterizedTest
    @EnumSource
    void close_isNotAnswered_goesOnAtTheLimit(Codec codec) {
        open(codec);
        ChannelFuture close = channel.pipeline().close();
        pass(45);
        assertFalse(close.isDone());
        pass(46);
        assertTrue(close.isSuccess());
        assertEquals(List.of("CLOSE 1001 restart"), frames());
        assertFarewell(FarewellReport.Outcome.UNANSWERED);
    }

    /** It was on its way already, for all we know. */
    @ParameterizedTest
    @EnumSource
    void peerCloses_behindOurs_withAStatusOfItsOwn_isNoAnswer_andNotWaitedForAnyLonger(Codec codec) {
        open(codec);
        channel.pipeline().close();
        receiveClose(4000, "mine");
        assertFalse(channel.isOpen());
        assertEquals(List.of("CLOSE 1001 restart"), frames());
        assertFarewell(FarewellReport.Outcome.UNANSWERED);
    }

    @Test
    void peerCloses_first_isAnsweredByNetty_andNothingIsSaidTwice() {
        open(Codec.PROTOCOL_HANDLER);
        receiveClose(1000, "bye");
        assertFalse(channel.isOpen());
        assertEquals(List.of("CLOSE 1000 bye"), frames());
        assertFarewell(FarewellReport.Outcome.SAID);
    }

    @ParameterizedTest
    @EnumSource(names = {"WITHOUT_CLOSE", "HANDSHAKER"})
    void peerCloses_first_andNobodyAnswers_closeEchoesItsStatus(Codec codec) {
        open(codec);
        receiveClose(4001, "bye");
        assertTrue(channel.isOpen());
        assertEquals(List.of("CLOSE 4001"), application.received);
        channel.pipeline().close();
        assertFalse(channel.isOpen());
        assertEquals(List.of("CLOSE 4001"), frames());
        assertFarewell(FarewellReport.Outcome.SAID);
    }

    @ParameterizedTest
    @EnumSource
    void applicationSaysCloseItself_isTakenForTheFarewell(Codec codec) {
        open(codec);
        channel.writeAndFlush(new CloseWebSocketFrame(4002, "own"));
        channel.pipeline().close();
        assertTrue(channel.isOpen());
        receiveClose(4002, "");
        assertFalse(channel.isOpen());
        assertEquals(List.of("CLOSE 4002 own"), frames());
        assertFarewell(FarewellReport.Outcome.ANSWERED);
    }

    /** Netty answers a peer's Close although it is an answer itself. */
    @ParameterizedTest
    @EnumSource
    void applicationsClose_isAnswered_beforeCloseIsCalled(Codec codec) {
        open(codec);
        channel.writeAndFlush(new CloseWebSocketFrame(4002, "own"));
        receiveClose(4002, "");
        channel.pipeline().close();
        assertFalse(channel.isOpen());
        assertEquals(List.of("CLOSE 4002 own"), frames());
        assertFarewell(FarewellReport.Outcome.ANSWERED);
    }

    @Test
    void close_withoutHandshake_saysNothing() {
        channel = new EmbeddedChannel(new GracefulCloseHandler());
        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1024));
        channel.pipeline().addLast(Codec.WITHOUT_CLOSE.handler());
        channel.pipeline().addLast(new WebSocketFarewellHandler(CONFIG));
        channel.pipeline().close();
        assertFalse(channel.isOpen());
        assertEquals("", sent());
        assertTrue(GracefulCloseHandler.report(channel).getNow().farewell().isEmpty());
    }

    @Test
    void handlerAdded_afterTheHandshake_serves() {
        channel = new EmbeddedChannel(new GracefulCloseHandler());
        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1024), new Handshakes());
        receive(WebSocketPeer.handshake());
        assertTrue(sent().startsWith("HTTP/1.1 101 "));
        channel.pipeline().addLast(new WebSocketFarewellHandler(CONFIG), application);
        channel.pipeline().close();
        receiveClose(1001, "");
        assertFalse(channel.isOpen());
        assertEquals(List.of("CLOSE 1001 restart"), frames());
        assertFarewell(FarewellReport.Outcome.ANSWERED);
    }

    @Test
    void handlerInFrontOfTheCodec_passesCloseOn() {
        channel = new EmbeddedChannel(new GracefulCloseHandler(), new WebSocketFarewellHandler(CONFIG));
        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1024), new Handshakes());
        receive(WebSocketPeer.handshake());
        sent();
        channel.pipeline().close();
        assertFalse(channel.isOpen());
        assertEquals("", sent());
    }

    @Test
    void handlerRemoved_whileAnAnswerIsAwaited_closeGoesOn() {
        open(Codec.PROTOCOL_HANDLER);
        ChannelFuture close = channel.pipeline().close();
        int handlers = channel.pipeline().names().size();
        channel.pipeline().remove(WebSocketFarewellHandler.class);
        assertTrue(close.isSuccess());
        assertTrue(channel.pipeline().names().size() < handlers - 2, "its parts in front are still there");
    }

    @Test
    void handlerRemoved_fromAnOpenWebSocket_leavesNettyAsItWas() {
        open(Codec.PROTOCOL_HANDLER);
        channel.pipeline().remove(WebSocketFarewellHandler.class);
        channel.pipeline().close();
        assertFalse(channel.isOpen());
        assertEquals(List.of("CLOSE 1000 Bye"), frames());
    }

    @Test
    @SuppressWarnings("deprecation") // Netty 4.2 advises against it, too
    void handlerWithAnExecutorOfItsOwn_isRefused() throws Exception {
        DefaultEventExecutorGroup other = new DefaultEventExecutorGroup(1);
        channel = new EmbeddedChannel(new GracefulCloseHandler());
        channel.pipeline().addLast(other, new WebSocketFarewellHandler(CONFIG));
        other.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync(); // what it was asked to do has been done then
        channel.runPendingTasks();
        IllegalStateException refusal = assertInstanceOf(
                IllegalStateException.class,
                assertThrows(Exception.class, channel::checkException).getCause());
        assertTrue(refusal.getMessage().contains("with an executor of its own"), refusal::toString);
    }

    // ---- behind the Close frame ------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void messages_behindTheCloseFrame_failAndAreNotSent(Codec codec) {
        open(codec);
        channel.pipeline().close();
        ChannelFuture late = channel.writeAndFlush(new TextWebSocketFrame("late"));
        assertInstanceOf(ClosedChannelException.class, late.cause());
        ChannelFuture ping = channel.writeAndFlush(new PingWebSocketFrame());
        assertInstanceOf(ClosedChannelException.class, ping.cause());
        assertEquals(List.of("CLOSE 1001 restart"), frames());
    }

    @Test
    void pings_areAnsweredUntilTheCloseFrame_notBehindIt() {
        open(Codec.PROTOCOL_HANDLER);
        receive(WebSocketPeer.masked(true, WebSocketPeer.PING, "1".getBytes(UTF_8)));
        channel.pipeline().close();
        receive(WebSocketPeer.masked(true, WebSocketPeer.PING, "2".getBytes(UTF_8)));
        assertEquals(List.of("PONG 1", "CLOSE 1001 restart"), frames());
    }

    @ParameterizedTest
    @EnumSource
    void peersMessages_behindOurCloseFrame_stillReachTheApplication(Codec codec) {
        open(codec);
        channel.pipeline().close();
        receiveText(true, WebSocketPeer.TEXT, "one");
        receiveText(false, WebSocketPeer.TEXT, "two");
        receiveText(true, WebSocketPeer.CONTINUATION, "rest");
        receiveClose(1001, "");
        assertEquals(
                List.of("one", "two", "rest"),
                application.received.stream()
                        .filter(m -> !m.startsWith("CLOSE"))
                        .toList());
        assertFarewell(FarewellReport.Outcome.ANSWERED);
    }

    // ---- fragments -------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void messageInFragments_isFinished_beforeTheCloseFrame(Codec codec) {
        open(codec);
        channel.writeAndFlush(new TextWebSocketFrame(false, 0, "a"));
        ChannelFuture close = channel.pipeline().close();
        channel.pipeline().close();
        channel.writeAndFlush(new PingWebSocketFrame());
        channel.writeAndFlush(new ContinuationWebSocketFrame(false, 0, "b"));
        assertEquals(List.of("text a", "PING", "more b"), frames());
        ChannelFuture last = channel.writeAndFlush(new ContinuationWebSocketFrame(true, 0, "c"));
        assertTrue(last.isSuccess());
        assertEquals(List.of("MORE c", "CLOSE 1001 restart"), frames());
        assertFalse(close.isDone());
        receiveClose(1001, "");
        assertTrue(close.isSuccess());
        assertFarewell(FarewellReport.Outcome.ANSWERED);
    }

    @Test
    void messageInFragments_isNotWaitedForBeyondTheLimit() {
        open(Codec.PROTOCOL_HANDLER);
        channel.writeAndFlush(new BinaryWebSocketFrame(false, 0, Unpooled.wrappedBuffer(new byte[] {'a'})));
        channel.pipeline().close();
        pass(30);
        assertEquals(List.of("binary a"), frames());
        pass(31);
        assertEquals(List.of("CLOSE 1001 restart"), frames());
        ChannelFuture rest = channel.writeAndFlush(new ContinuationWebSocketFrame(true, 0, "b"));
        assertInstanceOf(ClosedChannelException.class, rest.cause());
        pass(45);
        assertTrue(channel.isOpen());
        receiveClose(1001, "");
        assertFarewell(FarewellReport.Outcome.ANSWERED);
    }

    @ParameterizedTest
    @EnumSource
    void messageInFragments_isNotWaitedFor_whenThePeerCloses(Codec codec) {
        open(codec);
        channel.writeAndFlush(new TextWebSocketFrame(false, 0, "a"));
        ChannelFuture close = channel.pipeline().close();
        receiveClose(1000, "");
        assertTrue(close.isSuccess());
        assertEquals(List.of("text a", "CLOSE 1000"), frames());
        assertFarewell(FarewellReport.Outcome.SAID);
    }

    @Test
    void messageInFragments_connectionLost_completesEveryClose() {
        open(Codec.PROTOCOL_HANDLER);
        channel.writeAndFlush(new TextWebSocketFrame(false, 0, "a"));
        ChannelFuture close = channel.pipeline().close();
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        assertTrue(close.isSuccess());
        assertEquals(List.of("text a"), frames());
        assertFarewell(FarewellReport.Outcome.NOT_SAID);
        pass(200); // no timer is left
    }

    @Test
    void messageInFragments_handlerRemoved_completesEveryClose() {
        open(Codec.PROTOCOL_HANDLER);
        channel.writeAndFlush(new TextWebSocketFrame(false, 0, "a"));
        ChannelFuture close = channel.pipeline().close();
        channel.pipeline().remove(WebSocketFarewellHandler.class);
        assertTrue(close.isSuccess());
        assertEquals(List.of("text a", "CLOSE 1001 restart"), frames());
    }

    @Test
    void applicationThatAnswersFragmentByFragment_whileItsCloseIsHeld_staysInOrder() {
        open(Codec.PROTOCOL_HANDLER);
        channel.write(new TextWebSocketFrame(false, 0, "a"));
        channel.write(new ContinuationWebSocketFrame(true, 0, "b")).addListener(f -> channel.close());
        channel.write(new TextWebSocketFrame(true, 0, "c"));
        channel.flush();
        assertEquals(List.of("text a", "MORE b", "TEXT c", "CLOSE 1001 restart"), frames());
    }

    // ---- violations ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void violation_isAnsweredByTheDecoderAlone_andNotWaitedFor(Codec codec) {
        open(codec);
        receive(new byte[] {(byte) 0x83, (byte) 0x80, 0, 0, 0, 0}); // a reserved opcode
        assertFalse(channel.isOpen());
        List<String> said = frames();
        assertEquals(1, said.size(), said::toString);
        assertTrue(said.get(0).startsWith("CLOSE 1002 "), said::toString);
        assertFarewell(FarewellReport.Outcome.UNANSWERED);
        assertEquals(1, application.failures.size());
    }

    @Test
    void invalidText_isAnsweredByTheValidatorAlone() {
        open(Codec.PROTOCOL_HANDLER);
        receive(WebSocketPeer.masked(true, WebSocketPeer.TEXT, new byte[] {(byte) 0xff}));
        assertFalse(channel.isOpen());
        List<String> said = frames();
        assertEquals(1, said.size(), said::toString);
        assertTrue(said.get(0).startsWith("CLOSE 1007 "), said::toString);
    }

    // ---- helpers ---------------------------------------------------------------------------------------------------

    private void assertFarewell(FarewellReport.Outcome outcome) {
        FarewellReport farewell =
                GracefulCloseHandler.report(channel).getNow().farewell().orElseThrow();
        assertEquals("websocket", farewell.protocol());
        assertEquals(outcome, farewell.outcome());
        assertEquals(0, farewell.lostRequests() + farewell.refusedRequests());
    }

    private void pass(long seconds) {
        channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    private void receive(byte[] bytes) {
        channel.pipeline().fireChannelRead(Unpooled.copiedBuffer(bytes));
        channel.pipeline().fireChannelReadComplete();
        channel.runPendingTasks();
    }

    private void receiveText(boolean last, int opcode, String text) {
        receive(WebSocketPeer.masked(last, opcode, text.getBytes(UTF_8)));
    }

    private void receiveClose(int status, String reason) {
        receive(WebSocketPeer.masked(true, WebSocketPeer.CLOSE, WebSocketPeer.closing(status, reason)));
    }

    private String sent() {
        StringBuilder text = new StringBuilder();
        for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            text.append(next.toString(UTF_8));
            next.release();
        }
        return text.toString();
    }

    /** What has been sent since it was last asked: in capitals if the frame is the last of its message. */
    private List<String> frames() {
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            all.writeBytes(next);
            next.release();
        }
        List<String> frames = new ArrayList<>();
        while (all.isReadable()) {
            int first = all.readUnsignedByte();
            ByteBuf payload = all.readSlice(all.readUnsignedByte());
            String name =
                    switch (first & 0x0f) {
                        case WebSocketPeer.CONTINUATION -> "MORE";
                        case WebSocketPeer.TEXT -> "TEXT";
                        case WebSocketPeer.BINARY -> "BINARY";
                        case WebSocketPeer.PING -> "PING";
                        case WebSocketPeer.PONG -> "PONG";
                        default -> "CLOSE " + payload.readUnsignedShort();
                    };
            String shown = (first & 0x80) != 0 ? name : name.toLowerCase(Locale.ROOT);
            frames.add((shown + " " + payload.toString(UTF_8)).trim());
        }
        all.release();
        return frames;
    }

    /** Notes what it receives, and lets nothing answer. */
    private static final class Application extends ChannelInboundHandlerAdapter {
        private final List<String> received = new ArrayList<>();
        private final List<Throwable> failures = new ArrayList<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof CloseWebSocketFrame close) {
                received.add("CLOSE " + close.statusCode());
            } else if (message instanceof WebSocketFrame frame) {
                received.add(frame.content().toString(UTF_8));
            }
            ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            failures.add(cause);
        }
    }

    /** An application's own handshake. */
    private static final class Handshakes extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof FullHttpRequest request) {
                new WebSocketServerHandshakerFactory("ws://x/", null, true)
                        .newHandshaker(request)
                        .handshake(ctx.channel(), request)
                        .addListener(done -> ctx.pipeline().remove(this));
                request.release();
            } else {
                ctx.fireChannelRead(message);
            }
        }
    }
}
