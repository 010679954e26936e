package dev.lastbyte.websocket;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.FarewellReport;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.Script;
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
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A server's WebSocket connection whose time stands still, for one test: the test is its peer and its application, and tells what
 * happens as a script of words: {@link #play}. Released after the test. Confined to the test's thread.
 */
final class WebSocketConnection implements AfterEachCallback {
    static final WebSocketFarewellConfig CONFIG = WebSocketFarewellConfig.builder()
            .reason("restart")
            .messageTimeout(Duration.ofSeconds(60)) // long, as real time counts too
            .answerTimeout(Duration.ofSeconds(90))
            .build();

    /** The Close frame that {@link #CONFIG} asks for. */
    static final String OUR_CLOSE = "CLOSE 1001 restart";

    /** What the application received and what failed. */
    final Application application = new Application();

    EmbeddedChannel channel = new EmbeddedChannel();
    private final List<ChannelFuture> closes = new ArrayList<>();

    /** How Netty is asked for WebSocket. */
    enum Codec {
        /** Its protocol handler, which answers Close frames and says 1000 on close() by itself. */
        PROTOCOL_HANDLER,
        /** The same, told to leave Close frames to others. */
        WITHOUT_CLOSE,
        /** A handshake by the application. */
        HANDSHAKER;

        private ChannelHandler handler() {
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

    @Override
    public void afterEach(ExtensionContext context) {
        channel.finishAndReleaseAll();
    }

    // ---- pipelines -------------------------------------------------------------------------------------------------

    /** Connects: the farewell behind the codec, the handshake done. */
    WebSocketConnection open(Codec codec) {
        connect(codec);
        channel.freezeTime();
        addFarewell();
        return shakeHands();
    }

    /** Connects, with the codec in the pipeline but neither the farewell nor a handshake. */
    void connect(Codec codec, ChannelHandler... inFront) {
        channel = new EmbeddedChannel(new GracefulCloseHandler());
        channel.pipeline().addLast(inFront);
        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1024), codec.handler());
    }

    void addFarewell() {
        channel.pipeline().addLast(new WebSocketFarewellHandler(CONFIG), application);
    }

    /** The client asks for WebSocket and gets it. */
    WebSocketConnection shakeHands() {
        receive(WebSocketPeer.handshake());
        String answer = sent();
        assertTrue(answer.startsWith("HTTP/1.1 101 "), answer);
        return this;
    }

    void removeFarewell() {
        channel.pipeline().remove(WebSocketFarewellHandler.class);
    }

    // ---- what happens ----------------------------------------------------------------------------------------------

    /**
     * Plays a script.
     *
     * <ul>
     *   <li>The application: {@code begin:a} a text message in fragments, {@code more:b}, and {@code last:c}, which must be written;
     *       {@code ping}; {@code say:4002:reason} a Close frame of its own.
     *   <li>The peer: {@code peer:1001:reason} a Close frame, {@code peerping:a}.
     *   <li>The server: {@code close}, {@code now} for closeNow. {@code 45s}: time passes.
     *   <li>What must be true: {@code open} the connection is, and no close() has completed; {@code closed} the opposite.
     * </ul>
     */
    WebSocketConnection play(String script) {
        Script.play(script, this::play);
        return this;
    }

    private void play(Script.Word word) {
        switch (word.name()) {
            case "begin" -> channel.writeAndFlush(new TextWebSocketFrame(false, 0, word.argument()));
            case "more" -> channel.writeAndFlush(new ContinuationWebSocketFrame(false, 0, word.argument()));
            case "last" ->
                assertTrue(
                        channel.writeAndFlush(new ContinuationWebSocketFrame(true, 0, word.argument()))
                                .isSuccess(),
                        "not written");
            case "ping" -> channel.writeAndFlush(new PingWebSocketFrame());
            case "say" -> channel.writeAndFlush(new CloseWebSocketFrame(Integer.parseInt(word.part(0)), word.part(1)));
            case "peer" -> receiveClose(Integer.parseInt(word.part(0)), word.part(1));
            case "peerping" ->
                receive(WebSocketPeer.masked(
                        true, WebSocketPeer.PING, word.argument().getBytes(UTF_8)));
            case "close" -> closes.add(channel.pipeline().close());
            case "now" -> {
                GracefulCloseHandler.closeNow(channel);
                channel.runPendingTasks();
            }
            case "pass" -> pass(word.number());
            case "open" -> {
                assertTrue(channel.isOpen(), "the connection is closed");
                assertTrue(closes.stream().noneMatch(ChannelFuture::isDone), "close() has completed");
            }
            case "closed" -> {
                assertFalse(channel.isOpen(), "the connection is open");
                assertTrue(closes.stream().allMatch(ChannelFuture::isSuccess), "a close() has not succeeded");
            }
            default -> throw word.unknown();
        }
    }

    private void pass(long millis) {
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    void receive(byte[] bytes) {
        channel.pipeline().fireChannelRead(Unpooled.copiedBuffer(bytes));
        channel.pipeline().fireChannelReadComplete();
        channel.runPendingTasks();
    }

    /** The peer sends a frame of a message. */
    void receiveText(boolean last, int opcode, String text) {
        receive(WebSocketPeer.masked(last, opcode, text.getBytes(UTF_8)));
    }

    private void receiveClose(int status, String reason) {
        receive(WebSocketPeer.masked(true, WebSocketPeer.CLOSE, WebSocketPeer.closing(status, reason)));
    }

    // ---- what came of it -------------------------------------------------------------------------------------------

    /** The application writes a frame behind the Close frame, which must fail. */
    void refuses(WebSocketFrame frame) {
        assertInstanceOf(
                ClosedChannelException.class, channel.writeAndFlush(frame).cause());
    }

    /** What has been sent since it was last asked, as text. */
    String sent() {
        StringBuilder text = new StringBuilder();
        for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            text.append(next.toString(UTF_8));
            next.release();
        }
        return text.toString();
    }

    /** These frames, and no others, were sent since it was last asked: in capitals if the frame is the last of its message. */
    void sends(String... frames) {
        assertEquals(List.of(frames), frames());
    }

    /** The frames sent since it was last asked. */
    List<String> frames() {
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

    /** The connection ended with this farewell. */
    void ends(FarewellReport.Outcome outcome) {
        FarewellReport farewell =
                GracefulCloseHandler.report(channel).getNow().farewell().orElseThrow();
        assertEquals("websocket", farewell.protocol());
        assertEquals(outcome, farewell.outcome());
        assertEquals(0, farewell.lostRequests() + farewell.refusedRequests());
    }

    /** Notes what it receives, and lets nothing answer. */
    static final class Application extends ChannelInboundHandlerAdapter {
        final List<String> received = new ArrayList<>();
        final List<Throwable> failures = new ArrayList<>();

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
