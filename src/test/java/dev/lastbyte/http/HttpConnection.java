package dev.lastbyte.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseReport;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.DrainEvents;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.Script;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server's HTTP connection whose time stands still: the test is its client, which sends text, and its application, which
 * answers when it wants. What happens is told by methods, or as a script of words: {@link #play}. Confined to the test's thread.
 */
final class HttpConnection {
    static final String GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    private static final String CLOSE = "connection: close\r\n";

    final EmbeddedDuplexChannel channel;

    /** What the application got, as the paths of requests. */
    final List<String> requests = new ArrayList<>();

    private final StringBuilder sent = new StringBuilder();
    private final List<ChannelFuture> closes = new ArrayList<>();
    private long nanos = 1;

    HttpConnection(HttpFarewellConfig config, ChannelHandler... more) {
        this(GracefulCloseConfig.defaults(), config, more);
    }

    HttpConnection(GracefulCloseConfig limits, HttpFarewellConfig config, ChannelHandler... more) {
        channel = new EmbeddedDuplexChannel(new GracefulCloseHandler(limits));
        channel.pipeline()
                .addLast(new Wire(), new HttpServerCodec(), new HttpFarewellHandler(config, () -> nanos))
                .addLast(more)
                .addLast(new Application());
    }

    // ---- scripts ---------------------------------------------------------------------------------------------------

    /**
     * Plays a script.
     *
     * <ul>
     *   <li>The client: {@code get}, or {@code get:N} for N requests in one segment, {@code fin}, {@code rst}.
     *   <li>The application: {@code answer} with 200; {@code head} and {@code last}, the two ends of a chunked 200. What goes out
     *       must say "Connection: close" if the word says so ({@code answer:close}), and must not otherwise.
     *   <li>The server: {@code drain}, {@code close}, {@code now} for closeNow.
     *   <li>The kernel: {@code room:N} it takes N bytes, {@code room} all. {@code 200ms}, {@code 5s}: time passes.
     *   <li>What must be true: {@code open} no close has begun, though one may be held back; {@code closing} it has begun;
     *       {@code closed} every call of close() has succeeded; {@code over} the connection is closed.
     * </ul>
     */
    HttpConnection play(String script) {
        Script.play(script, this::play);
        return this;
    }

    private void play(Script.Word word) {
        switch (word.name()) {
            case "get" -> receive(GET.repeat(word.numberOr(1)));
            case "fin" -> channel.peerFin();
            case "rst" -> channel.peerRst();
            case "answer" -> write(response(200), word);
            case "head" -> write(chunked(), word);
            case "last" -> write(LastHttpContent.EMPTY_LAST_CONTENT, word);
            case "drain" -> drain();
            case "close" -> close();
            case "now" -> GracefulCloseHandler.closeNow(channel);
            case "room" -> channel.room(word.argument().isEmpty() ? Long.MAX_VALUE : word.number());
            case "pass" -> pass(word.number());
            case "open" -> {
                assertTrue(channel.isOpen(), "the connection is closed");
                assertFalse(isClosing(), "a close has begun");
                assertTrue(closes.stream().noneMatch(ChannelFuture::isDone), "close() has completed");
            }
            case "closing" -> assertTrue(isClosing(), "no close has begun");
            case "closed" -> {
                assertFalse(closes.isEmpty(), "close() was not called");
                assertClosesSucceeded();
            }
            case "over" -> assertFalse(channel.isOpen(), "the connection is open");
            default -> throw word.unknown();
        }
        channel.runPendingTasks();
    }

    private void write(Object message, Script.Word word) {
        write(message);
        String out = sent();
        assertEquals(word.argument().equals("close"), out.contains(CLOSE), out);
    }

    private void assertClosesSucceeded() {
        assertTrue(closes.stream().allMatch(ChannelFuture::isSuccess), "a close() has not succeeded");
    }

    // ---- the client ------------------------------------------------------------------------------------------------

    void receive(String text) {
        channel.pipeline().fireChannelRead(Unpooled.copiedBuffer(text, US_ASCII));
        channel.pipeline().fireChannelReadComplete();
        channel.runPendingTasks();
    }

    void get() {
        receive(GET);
    }

    /** What has been written since the last call. */
    String sent() {
        String text = sent.toString();
        sent.setLength(0);
        return text;
    }

    // ---- the application -------------------------------------------------------------------------------------------

    static FullHttpResponse response(int status) {
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
        if (status >= 200 && status != 204 && status != 304) {
            response.headers().set(HttpHeaderNames.CONTENT_LENGTH, 0);
        }
        return response;
    }

    static FullHttpResponse closing(int status) {
        FullHttpResponse response = response(status);
        response.headers().set(HttpHeaderNames.CONNECTION, "close");
        return response;
    }

    /** The head of a response whose body follows. */
    static HttpResponse chunked() {
        HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head.headers().set(HttpHeaderNames.TRANSFER_ENCODING, "chunked");
        return head;
    }

    ChannelFuture write(Object message) {
        ChannelFuture written = channel.pipeline().writeAndFlush(message);
        channel.runPendingTasks();
        return written;
    }

    /** Answers with 200; returns what went out. */
    String answer() {
        write(response(200));
        return sent();
    }

    ChannelFuture close() {
        ChannelFuture closed = channel.pipeline().close();
        closes.add(closed);
        channel.runPendingTasks();
        return closed;
    }

    // ---- the world -------------------------------------------------------------------------------------------------

    void drain() {
        drain(DrainPolicy.defaults());
    }

    void drain(DrainPolicy policy) {
        DrainEvents.tell(channel, DrainEvents.begun(policy));
    }

    void pass(long millis) {
        nanos += TimeUnit.MILLISECONDS.toNanos(millis);
        channel.pass(millis);
    }

    boolean isClosing() {
        return GracefulCloseHandler.isClosing(channel);
    }

    /** The client ends its side; the connection must be over then, every close() a success, with these counts. */
    void ends(FarewellReport.Outcome outcome, long refused, long lost) {
        if (channel.isOpen()) {
            channel.peerFin();
        }
        assertEquals(false, channel.isOpen());
        assertClosesSucceeded();
        FarewellReport report = farewell();
        assertEquals("http/1.1", report.protocol());
        assertEquals(
                outcome + " " + refused + " " + lost,
                report.outcome() + " " + report.refusedRequests() + " " + report.lostRequests());
    }

    CloseReport report() {
        return GracefulCloseHandler.report(channel).getNow();
    }

    FarewellReport farewell() {
        return report().farewell().orElseThrow();
    }

    /** Notes what goes out, and takes bytes only, as transports do. */
    private final class Wire extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            if (message instanceof ByteBuf bytes) {
                sent.append(bytes.toString(US_ASCII));
                ctx.write(message, promise);
            } else {
                ReferenceCountUtil.release(message);
                promise.setFailure(new UnsupportedOperationException(message.toString()));
            }
        }
    }

    private final class Application extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof HttpRequest request) {
                requests.add(request.uri());
            }
            ReferenceCountUtil.release(message);
        }
    }
}
