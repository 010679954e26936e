package dev.lastbyte.http2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.FarewellReport;
import dev.lastbyte.FrozenHandlers;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.DrainEvents;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.Drained;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.Http2Frames;
import dev.lastbyte.testing.Http2Frames.Frame;
import dev.lastbyte.testing.Script;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.local.LocalServerChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * An HTTP/2 connection whose time stands still: the test is its peer, and tells what happens as a script of words: {@link #play}.
 * Confined to the test's thread.
 */
final class Http2Connection {
    static final Duration PING_TIMEOUT = Duration.ofMillis(500);
    static final Duration LIMIT = Duration.ofSeconds(3);

    /** The first of two GOAWAY frames, which refuses no stream yet. */
    static final String FIRST_GOAWAY = "GOAWAY 2147483647 0";

    final EmbeddedDuplexChannel channel;
    private final FrozenSystem system;
    private final Wire wire = new Wire();
    private final Failures failures = new Failures();
    private final List<ChannelFuture> closes = new ArrayList<>();

    /** A server's connection without HTTP/2 so far. */
    Http2Connection(ChannelHandler gracefulClose, FrozenSystem system) {
        this.system = system;
        channel = new EmbeddedDuplexChannel(gracefulClose, wire).acceptedBy(new LocalServerChannel());
    }

    /** A server's connection without HTTP/2 so far. */
    static Http2Connection withoutHttp2() {
        FrozenSystem system = new FrozenSystem();
        return new Http2Connection(FrozenHandlers.on(system), system);
    }

    /** A server's connection before the client's preface. */
    static Http2Connection open(Http2Answers answers) {
        Http2Connection http2 = withoutHttp2();
        http2.channel.pipeline().addLast(answers.newCodec(), new Http2FarewellHandler(PING_TIMEOUT, LIMIT));
        answers.newHandlers().forEach(http2.channel.pipeline()::addLast);
        http2.channel.pipeline().addLast(http2.failures);
        return http2;
    }

    /** A server's connection on which stream 1 has asked for a path. */
    static Http2Connection withStream(Http2Answers answers, String path) {
        return open(answers).play("preface ask:1:" + path + " forget");
    }

    /** A client's connection that has asked on stream 3. */
    static Http2Connection ofClient() {
        Http2ConnectionHandler codec = new Http2ConnectionHandlerBuilder()
                .server(false)
                .frameListener(new Http2FrameAdapter())
                .build();
        Http2Connection http2 = withoutHttp2();
        http2.channel.pipeline().addLast(codec, new Http2FarewellHandler(PING_TIMEOUT, LIMIT), http2.failures);
        http2.receive(Http2Frames.settings());
        DefaultHttp2Headers head = new DefaultHttp2Headers();
        head.method("GET").scheme("http").authority("x").path("/");
        codec.encoder().writeHeaders(http2.codec(), 3, head, 0, true, http2.channel.newPromise());
        http2.channel.flush();
        return http2.play("forget");
    }

    // ---- what happens ----------------------------------------------------------------------------------------------

    /**
     * Plays a script.
     *
     * <ul>
     *   <li>The peer: {@code preface}; {@code ask:N:/path} a whole request on stream N, {@code upload:N:/path} the head of one,
     *       {@code data:N:100} the rest of its body; {@code answer:N} a whole response; {@code cancel:N} RST_STREAM;
     *       {@code ack} of our PING; {@code goaway}; {@code breach} a frame that is an error of the connection; {@code fin},
     *       {@code rst}.
     *   <li>The server: {@code drain}, {@code close}, {@code now} for closeNow. {@code 200ms}, {@code 5s}: time passes.
     *   <li>What must be true: {@code open} nothing was done to the socket; {@code closing} its FIN was sent; {@code over} it is
     *       closed.
     *   <li>{@code forget} what was written so far, {@code excuse} what reached the end of the pipeline as an exception.
     * </ul>
     */
    Http2Connection play(String script) {
        Script.play(script, this::play);
        return this;
    }

    private void play(Script.Word word) {
        switch (word.name()) {
            case "preface" -> receive(Http2Frames.preface());
            case "ask" -> receive(Http2Frames.request(stream(word), word.part(1), true));
            case "upload" -> receive(Http2Frames.request(stream(word), word.part(1), false));
            case "data" -> receive(Http2Frames.data(stream(word), Integer.parseInt(word.part(1)), true));
            case "answer" -> receive(Http2Frames.response(stream(word)));
            case "cancel" -> receive(Http2Frames.reset(stream(word), 8));
            case "ack" -> receive(Http2Frames.pingAck("lastbyte".getBytes(StandardCharsets.US_ASCII)));
            case "goaway" -> receive(Http2Frames.goAway(0, 0));
            case "breach" -> receive(Http2Frames.data(0, 1, false)); // there is no stream 0
            case "fin" -> channel.peerFin();
            case "rst" -> channel.peerRst();
            case "drain" -> drain(Drained.POLICY);
            case "close" -> closes.add(channel.pipeline().close());
            case "now" -> GracefulCloseHandler.closeNow(channel);
            case "pass" -> system.pass(channel, word.number());
            case "open" -> assertEquals(List.of(), channel.log());
            case "closing" -> assertTrue(channel.log().contains("FIN"), () -> "no FIN behind " + wire.frames);
            case "over" -> assertFalse(channel.isOpen(), "the connection is open");
            case "excuse" -> failures.seen.clear();
            case "forget" -> wire.forget();
            default -> throw word.unknown();
        }
        channel.runPendingTasks();
    }

    private static int stream(Script.Word word) {
        return Integer.parseInt(word.part(0));
    }

    void drain(DrainPolicy policy) {
        DrainEvents.tell(channel, DrainEvents.begun(policy, system));
        channel.runPendingTasks();
    }

    private void receive(byte[] bytes) {
        channel.pipeline().fireChannelRead(Unpooled.copiedBuffer(bytes));
        channel.pipeline().fireChannelReadComplete();
        channel.runPendingTasks();
    }

    /** The place of Netty's codec in the pipeline. */
    ChannelHandlerContext codec() {
        return channel.pipeline().context(Http2ConnectionHandler.class);
    }

    // ---- what came of it -------------------------------------------------------------------------------------------

    /** These frames, and no others, were written since this was last asked. */
    void writes(String... frames) {
        assertEquals(List.of(frames), written());
    }

    /** The frames written since this was last asked. */
    List<String> written() {
        List<String> frames = List.copyOf(wire.frames);
        wire.frames.clear();
        return frames;
    }

    /** The connection is closed, every close() a success, with this farewell and without a failure. */
    void ends(FarewellReport.Outcome outcome, long refused, long lost) {
        assertEquals(List.of(), failures.seen);
        assertTrue(closes.stream().allMatch(ChannelFuture::isSuccess), "a close() has not succeeded");
        FarewellReport report = farewell();
        assertEquals(
                outcome + " refused " + refused + " lost " + lost,
                report.outcome() + " refused " + report.refusedRequests() + " lost " + report.lostRequests());
        channel.checkException();
    }

    FarewellReport farewell() {
        return GracefulCloseHandler.report(channel).getNow().farewell().orElseThrow();
    }

    /** What reaches the end of the pipeline as an exception. */
    private static final class Failures extends ChannelInboundHandlerAdapter {
        private final List<Throwable> seen = new ArrayList<>();

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            seen.add(cause);
        }
    }

    /** The frames that the codec writes. */
    private static final class Wire extends ChannelOutboundHandlerAdapter {
        private final ByteBuffer unread = ByteBuffer.allocate(1 << 16);
        private final List<String> frames = new ArrayList<>();

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            if (message instanceof ByteBuf bytes) {
                byte[] copy = new byte[bytes.readableBytes()];
                bytes.getBytes(bytes.readerIndex(), copy);
                unread.put(copy);
                Http2Frames.split(unread, this::add);
            }
            ctx.write(message, promise);
        }

        private void add(Frame frame) {
            if (frame.type() != Http2Frames.WINDOW_UPDATE) {
                frames.add(frame.toString());
            }
        }

        /** Forgets everything so far; a client's preface is no frame. */
        void forget() {
            unread.clear();
            frames.clear();
        }
    }
}
