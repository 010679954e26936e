package dev.lastbyte.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.CloseReport;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.DrainEvents;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server's HTTP connection whose time stands still: the test is its client, which sends text, and its application, which
 * answers when it wants. Confined to the test's thread.
 */
final class HttpConnection {
    static final String GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    final EmbeddedDuplexChannel channel;

    /** What the application got, as the paths of requests. */
    final List<String> requests = new ArrayList<>();

    private final StringBuilder sent = new StringBuilder();
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
        channel.runPendingTasks();
        return closed;
    }

    // ---- the world -------------------------------------------------------------------------------------------------

    void drain() {
        drain(DrainPolicy.defaults());
    }

    void drain(DrainPolicy policy) {
        channel.pipeline().fireUserEventTriggered(DrainEvents.begun(policy));
    }

    void pass(long millis) {
        nanos += TimeUnit.MILLISECONDS.toNanos(millis);
        channel.pass(millis);
    }

    boolean isClosing() {
        return GracefulCloseHandler.isClosing(channel);
    }

    /** The client ends its side; the connection must be over then, with these counts. */
    void ends(FarewellReport.Outcome outcome, long refused, long lost) {
        if (channel.isOpen()) {
            channel.peerFin();
        }
        assertEquals(false, channel.isOpen());
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
