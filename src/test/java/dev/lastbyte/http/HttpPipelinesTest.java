package dev.lastbyte.http;

import static dev.lastbyte.FarewellReport.Outcome.NOT_SAID;
import static dev.lastbyte.FarewellReport.Outcome.SAID;
import static dev.lastbyte.http.HttpConnection.closing;
import static dev.lastbyte.http.HttpConnection.response;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseOverride;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.NoLeaks;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContentCompressor;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerExpectContinueHandler;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.codec.http.HttpServerUpgradeHandler;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2ServerUpgradeCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The handler together with Netty's, as real pipelines have them; and answers that come before the end of their requests. */
@ExtendWith({NoLeaks.class, NoWarnings.class})
class HttpPipelinesTest {
    private static final String CLOSE = "connection: close\r\n";
    private static final String UPLOAD = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n";

    /** Lets nothing in: told apart from the defaults by the cause of the end. */
    private static final CloseOverride BRIEF = CloseOverride.of(limits -> limits.maxDiscardedBytes(0));

    private static HttpConnection usual() {
        return with(
                HttpServerKeepAliveHandler::new,
                HttpContentCompressor::new,
                HttpServerExpectContinueHandler::new,
                () -> new HttpObjectAggregator(10));
    }

    @SafeVarargs
    private static HttpConnection with(Supplier<ChannelHandler>... handlers) {
        ChannelHandler[] made = new ChannelHandler[handlers.length];
        for (int i = 0; i < handlers.length; i++) {
            made[i] = handlers[i].get();
        }
        return new HttpConnection(
                HttpFarewellConfig.builder().earlyAnswers(BRIEF).build(), made);
    }

    private static FullHttpResponse text() {
        FullHttpResponse text = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.OK,
                Unpooled.wrappedBuffer("text ".repeat(20).getBytes(US_ASCII)));
        HttpUtil.setContentLength(text, 100);
        return text;
    }

    // ---- wrong places ----------------------------------------------------------------------------------------------

    static Stream<Arguments> wrongPlaces() {
        return Stream.of(
                place("in front of 'HttpServerCodec#0'", graceful(), farewell(), new HttpServerCodec()),
                place(
                        "in front of 'HttpResponseEncoder#0'",
                        graceful(),
                        new HttpRequestDecoder(),
                        farewell(),
                        new HttpResponseEncoder()),
                place(
                        "behind 'HttpObjectAggregator#0'",
                        graceful(),
                        new HttpServerCodec(),
                        new HttpObjectAggregator(1),
                        farewell()),
                place(
                        "behind 'HttpPipelinesTest$Application#0'",
                        graceful(),
                        new HttpServerCodec(),
                        new Application(),
                        farewell()),
                place("without a codec in front", graceful(), farewell()),
                place("without a GracefulCloseHandler", new HttpServerCodec(), farewell()),
                place("in front of the GracefulCloseHandler", new HttpServerCodec(), farewell(), graceful()));
    }

    private static Arguments place(String wrong, ChannelHandler... handlers) {
        return Arguments.of(wrong, List.of(handlers));
    }

    private static ChannelHandler graceful() {
        return new GracefulCloseHandler();
    }

    private static ChannelHandler farewell() {
        return new HttpFarewellHandler();
    }

    private static final class Application extends ChannelInboundHandlerAdapter {}

    @ParameterizedTest
    @MethodSource("wrongPlaces")
    void wrongPlace_isRefused_withWhatToDo(String wrong, List<ChannelHandler> handlers) {
        EmbeddedChannel channel = new EmbeddedChannel();
        handlers.forEach(channel.pipeline()::addLast);
        channel.pipeline().fireChannelRead(Unpooled.copiedBuffer(HttpConnection.GET, US_ASCII));
        Throwable thrown = assertThrows(Exception.class, channel::checkException, wrong);
        String text = "" + (thrown.getCause() == null ? thrown : thrown.getCause()).getMessage();
        assertTrue(text.startsWith("HttpFarewellHandler was added to "), text);
        assertTrue(text.contains(wrong), text);
        assertTrue(text.contains(": add "), text);
        channel.pipeline().fireChannelRead(Unpooled.copiedBuffer(HttpConnection.GET, US_ASCII));
        channel.checkException(); // once
        channel.finishAndReleaseAll();
    }

    // ---- Netty's handlers ------------------------------------------------------------------------------------------

    @Test
    void usualHandlers_drain_compressedResponseSaysClose() {
        HttpConnection http = usual();
        String request = "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n";
        http.receive(request + request);
        http.write(text());
        assertFalse(http.sent().contains(CLOSE));
        http.drain();
        http.write(text());
        String sent = http.sent();
        assertTrue(sent.contains(CLOSE) && sent.contains("content-encoding: gzip"), sent);
        http.ends(SAID, 0, 0);
    }

    @Test
    void pipelineOfTheDocs_isThis() throws IOException {
        HttpFarewellConfig farewell = HttpFarewellConfig.builder()
                .minIdleProtection(Duration.ofSeconds(2))
                .earlyAnswers(CloseOverride.of(limits -> limits.eofTimeout(Duration.ofSeconds(2))))
                .build();
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.pipeline()
                .addLast(new HttpServerCodec())
                .addLast(new HttpFarewellHandler(farewell))
                .addLast(
                        new HttpServerKeepAliveHandler(), new HttpContentCompressor(), new HttpObjectAggregator(65536));
        channel.finishAndReleaseAll();
        String docs = Files.readString(Path.of("docs/protocols.md"));
        for (String line : List.of(
                ".earlyAnswers(CloseOverride.of(limits -> limits.eofTimeout(Duration.ofSeconds(2))))",
                ".addLast(new HttpFarewellHandler(farewell))",
                ".addLast(new HttpServerKeepAliveHandler(), new HttpContentCompressor(), new HttpObjectAggregator(65536))")) {
            assertTrue(docs.contains(line), line);
        }
    }

    @Test
    void keepAliveHandler_clientSaysClose_closesAtOnceAndOnce() {
        HttpConnection http = usual();
        http.receive("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        http.write(response(200));
        assertTrue(http.isClosing());
        http.ends(SAID, 0, 0);
    }

    @Test
    void keepAliveHandler_lastWritePending_otherClosesJoin() {
        HttpConnection http = usual();
        http.receive("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        http.drain();
        http.channel.room(10);
        http.write(response(200));
        ChannelFuture closed = http.close();
        http.channel.room(Long.MAX_VALUE);
        http.channel.runPendingTasks();
        http.ends(SAID, 0, 0);
        assertTrue(closed.isSuccess());
    }

    @Test
    void aggregator_413ThatKeepsTheConnection_isLeftAlone() {
        HttpConnection http = usual();
        http.receive(UPLOAD + "x".repeat(50));
        String sent = http.sent();
        assertTrue(sent.startsWith("HTTP/1.1 413 ") && !sent.contains(CLOSE), sent);
        assertFalse(http.isClosing());
        http.receive("x".repeat(50));
        http.get();
        http.answer();
        http.ends(NOT_SAID, 0, 0);
    }

    /** The aggregator's response is one constant with copies. */
    @Test
    void aggregator_413InADrain_marksNoOtherResponse() {
        HttpConnection draining = usual();
        draining.drain();
        draining.receive(UPLOAD);
        assertTrue(draining.sent().contains(CLOSE));
        draining.ends(SAID, 0, 0);
        HttpConnection other = usual();
        other.receive(UPLOAD);
        assertFalse(other.sent().contains(CLOSE));
        other.ends(NOT_SAID, 0, 0);
    }

    @Test
    void expectContinue_isFollowedByTheFinalResponse() {
        HttpConnection http = usual();
        http.receive("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
        assertTrue(http.sent().startsWith("HTTP/1.1 100 "));
        http.drain();
        http.receive("abc");
        assertTrue(http.answer().contains(CLOSE));
        http.ends(SAID, 0, 0);
    }

    /** Netty's decoder then expects no body; an idle connection is protected again. */
    @Test
    void expectTooLarge_413_bodyIsNotExpected() {
        HttpConnection http = with(() -> new HttpObjectAggregator(10));
        http.receive("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n");
        assertTrue(http.sent().startsWith("HTTP/1.1 413 "));
        http.close();
        assertFalse(http.isClosing());
        http.get();
        assertTrue(http.answer().contains(CLOSE));
        http.ends(SAID, 0, 0);
    }

    // ---- early answers ---------------------------------------------------------------------------------------------

    @Test
    void earlyAnswer_closeByTheApplication_hasTheOtherLimits() {
        HttpConnection http = with();
        http.receive(UPLOAD + "begun");
        http.write(closing(413));
        http.close();
        assertTrue(http.isClosing());
        http.channel.peerSends(10);
        assertEquals(CloseCause.BYTE_LIMIT, http.report().cause());
        http.ends(SAID, 0, 0); // the upload's rest is no request
    }

    @Test
    void earlyAnswer_closeInADrain_hasTheOtherLimits() {
        HttpConnection http = with();
        http.receive(UPLOAD + "begun");
        http.drain();
        http.write(response(413));
        assertTrue(http.sent().contains(CLOSE));
        assertTrue(http.isClosing());
        http.channel.peerSends(10);
        assertEquals(CloseCause.BYTE_LIMIT, http.report().cause());
        http.ends(SAID, 0, 0);
    }

    @Test
    void earlyAnswer_undecodableRequest_hasTheOtherLimits() {
        HttpConnection http = with();
        http.receive("GET / HTTP/1.1\r\nLong: " + "x".repeat(10_000));
        http.write(closing(431));
        http.close();
        http.channel.peerSends(10);
        assertEquals(CloseCause.BYTE_LIMIT, http.report().cause());
        http.ends(SAID, 0, 0);
    }

    @Test
    void earlyAnswer_closeWithLimitsOfItsOwn_keepsThem() {
        HttpConnection http = with();
        http.receive(UPLOAD + "begun");
        http.write(closing(413)).addListener(CloseOverride.of(limits -> limits.maxDiscardedBytes(15)));
        http.channel.peerSends(10);
        assertTrue(http.channel.isOpen());
        http.channel.peerSends(10);
        assertEquals(CloseCause.BYTE_LIMIT, http.report().cause());
        http.ends(SAID, 0, 0);
    }

    @Test
    void earlyAnswer_withoutOverride_hasTheConnectionsLimits() {
        HttpConnection http = new HttpConnection(
                GracefulCloseConfig.builder().maxDiscardedBytes(15).build(), HttpFarewellConfig.defaults());
        http.receive(UPLOAD + "begun");
        http.write(closing(413));
        http.close();
        http.channel.peerSends(10);
        assertTrue(http.channel.isOpen());
        http.channel.peerSends(10);
        http.ends(SAID, 0, 0);
    }

    @Test
    void answerAfterTheWholeRequest_hasTheConnectionsLimits() {
        HttpConnection http = with();
        http.receive(UPLOAD + "x".repeat(100));
        http.write(closing(200));
        http.close();
        http.channel.peerSends(10);
        assertTrue(http.channel.isOpen());
        http.ends(SAID, 1, 0);
    }

    // ---- upgrades --------------------------------------------------------------------------------------------------

    private static final String WEB_SOCKET =
            "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    private static final String H2C =
            "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                    + "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";

    private static HttpConnection webSocket() {
        return with(() -> new HttpObjectAggregator(100), () -> new WebSocketServerProtocolHandler("/ws"));
    }

    @Test
    void webSocket_handlerLeavesAndNothingIsOpen() {
        HttpConnection http = webSocket();
        http.get();
        http.answer();
        http.receive(WEB_SOCKET);
        assertTrue(http.sent().startsWith("HTTP/1.1 101 "));
        assertNull(http.channel.pipeline().get(HttpFarewellHandler.class));
        http.channel.peerFin(); // no exchange keeps it open
        assertFalse(http.channel.isOpen());
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void webSocket_lateFrames_areNoRequests() {
        HttpConnection http = webSocket();
        http.receive(WEB_SOCKET);
        http.close();
        http.channel.peerSends(10);
        http.ends(NOT_SAID, 0, 0);
    }

    @Test
    void webSocket_inADrain_101IsNotTouched() {
        HttpConnection http = webSocket();
        http.drain();
        http.receive(WEB_SOCKET);
        String sent = http.sent();
        assertTrue(sent.startsWith("HTTP/1.1 101 ") && sent.contains("connection: upgrade"), sent);
        assertFalse(http.isClosing());
        http.ends(NOT_SAID, 0, 0);
    }

    /** A close that is held back when the upgrade comes passes the next protocol's handlers. */
    @Test
    void webSocket_heldClose_nextProtocolSaysItsFarewell() {
        HttpConnection http = webSocket();
        StringBuilder seen = new StringBuilder();
        http.channel.pipeline().addLast(new ChannelOutboundHandlerAdapter() {
            @Override
            public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
                seen.append(ctx.pipeline().get(HttpFarewellHandler.class) == null ? "after" : "before");
                ctx.close(promise);
            }
        });
        ChannelFuture closed = http.channel
                .pipeline()
                .context(WebSocketServerProtocolHandler.class)
                .close();
        assertFalse(http.isClosing());
        http.receive(WEB_SOCKET);
        assertEquals("after", seen.toString());
        assertTrue(http.isClosing());
        http.ends(NOT_SAID, 0, 0);
        assertTrue(closed.isSuccess());
    }

    @Test
    void webSocket_refused_isARequestLikeOthers() {
        HttpConnection http = webSocket();
        http.drain();
        http.receive(WEB_SOCKET.replace("dGhlIHNhbXBsZSBub25jZQ==", "").replace("Sec-WebSocket-Key: \r\n", ""));
        String sent = http.sent();
        assertTrue(sent.startsWith("HTTP/1.1 4") && sent.contains(CLOSE), sent);
        http.ends(SAID, 0, 0);
    }

    @Test
    void h2c_handlerLeavesAndNothingIsOpen() {
        HttpConnection http = new HttpConnection(HttpFarewellConfig.defaults());
        HttpServerCodec codec = http.channel.pipeline().get(HttpServerCodec.class);
        http.channel
                .pipeline()
                .addAfter(
                        http.channel
                                .pipeline()
                                .context(HttpFarewellHandler.class)
                                .name(),
                        "upgrade",
                        new HttpServerUpgradeHandler(
                                codec,
                                protocol -> new Http2ServerUpgradeCodec(
                                        Http2FrameCodecBuilder.forServer().build())));
        http.receive(H2C);
        assertTrue(http.sent().startsWith("HTTP/1.1 101 "));
        assertNull(http.channel.pipeline().get(HttpFarewellHandler.class));
        http.receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
        http.channel.peerFin();
        http.channel.runPendingTasks();
        assertFalse(http.channel.isOpen());
        http.ends(NOT_SAID, 0, 0);
    }
}
