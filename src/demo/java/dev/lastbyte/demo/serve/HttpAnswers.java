package dev.lastbyte.demo.serve;

import static io.netty.handler.codec.http.HttpVersion.HTTP_1_1;

import dev.lastbyte.demo.BytePattern;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpChunkedInput;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.CharsetUtil;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP side of {@code serve}: {@code GET /bytes/N}, {@code GET /stream/N}, {@code GET /slow/MS}, {@code POST /reject},
 * 404 for the rest. What it does to end a connection is what any Netty server does: close when the last write is done.
 *
 * <p>It knows nothing of drains: those are the affair of the {@code HttpFarewellHandler} in front of it. Confined to the
 * channel's event loop.
 */
final class HttpAnswers extends ChannelInboundHandlerAdapter {
    static final int REJECT_BODY = 64 * 1024;

    private static final String HELP = "try GET /bytes/N, GET /stream/N, GET /slow/MS or POST /reject\n";

    private final Queue<Object> behind = new ArrayDeque<>();
    private @Nullable HttpRequest request;
    private @Nullable Future<?> slow;
    private boolean ending;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (slow == null) {
            handle(ctx, message);
        } else {
            ctx.channel().config().setAutoRead(false); // bounds what waits
            behind.add(message);
        }
    }

    private void handle(ChannelHandlerContext ctx, Object message) {
        try {
            if (ending) {
                return; // whatever comes behind a request that ends the connection
            }
            if (message instanceof HttpRequest head) {
                begin(ctx, head);
            }
            if (message instanceof LastHttpContent && request != null) {
                HttpRequest complete = request;
                request = null;
                answer(ctx, complete);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void begin(ChannelHandlerContext ctx, HttpRequest head) {
        if (head.decoderResult().isFailure()) {
            end(ctx, text(HttpResponseStatus.BAD_REQUEST, "cannot read this request\n"));
        } else if (head.method().equals(HttpMethod.POST) && head.uri().equals("/reject")) {
            // the body stays where it is: in the kernel, on the way, at the client
            ctx.channel().config().setAutoRead(false);
            end(ctx, response(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, BytePattern.copy(REJECT_BODY)));
        } else {
            request = head;
        }
    }

    private void answer(ChannelHandlerContext ctx, HttpRequest head) {
        boolean get = head.method().equals(HttpMethod.GET);
        OptionalLong bytes = get ? count(head.uri(), "/bytes/") : OptionalLong.empty();
        OptionalLong stream = get ? count(head.uri(), "/stream/") : OptionalLong.empty();
        if (bytes.isPresent()) {
            stream(ctx, bytes.getAsLong(), true);
        } else if (stream.isPresent()) {
            stream(ctx, stream.getAsLong(), false);
        } else if (get && head.uri().startsWith(SlowRequest.PATH)) {
            SlowRequest.parse(head.uri())
                    .ifPresentOrElse(
                            wanted -> answerLater(ctx, head, wanted),
                            () -> reply(ctx, head, text(HttpResponseStatus.BAD_REQUEST, SlowRequest.FORM)));
        } else {
            reply(ctx, head, text(HttpResponseStatus.NOT_FOUND, HELP));
        }
    }

    /** Answers and keeps the connection if the client wants that. */
    private void reply(ChannelHandlerContext ctx, HttpRequest head, FullHttpResponse response) {
        if (HttpUtil.isKeepAlive(head)) {
            HttpUtil.setKeepAlive(response.headers(), head.protocolVersion(), true);
            ctx.writeAndFlush(response);
        } else {
            end(ctx, response);
        }
    }

    private void answerLater(ChannelHandlerContext ctx, HttpRequest head, SlowRequest wanted) {
        slow = ctx.executor()
                .schedule(() -> answerNow(ctx, head, wanted.bytes()), wanted.millis(), TimeUnit.MILLISECONDS);
    }

    private void answerNow(ChannelHandlerContext ctx, HttpRequest head, long bytes) {
        slow = null;
        boolean keep = HttpUtil.isKeepAlive(head);
        ending = !keep;
        HttpResponse ok = ok();
        HttpUtil.setContentLength(ok, bytes);
        HttpUtil.setKeepAlive(ok.headers(), keep ? head.protocolVersion() : HTTP_1_1, keep);
        ctx.write(ok);
        ChannelFuture lastWrite = ctx.writeAndFlush(new HttpChunkedInput(new PatternStream(bytes)));
        goOn(ctx);
        if (!keep) {
            closeAfter(lastWrite);
        }
    }

    /** Takes up what has come behind the slow request. */
    private void goOn(ChannelHandlerContext ctx) {
        while (slow == null && !behind.isEmpty()) {
            handle(ctx, behind.remove());
        }
        if (slow == null && !ending) {
            ctx.channel().config().setAutoRead(true);
        }
    }

    private void stream(ChannelHandlerContext ctx, long count, boolean withLength) {
        HttpResponse head = ok();
        head.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        if (withLength) {
            HttpUtil.setContentLength(head, count);
        }
        ending = true;
        ctx.write(head);
        closeAfter(ctx.writeAndFlush(new HttpChunkedInput(new PatternStream(count))));
    }

    private void end(ChannelHandlerContext ctx, FullHttpResponse response) {
        response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        ending = true;
        closeAfter(ctx.writeAndFlush(response));
    }

    /** The listener matters: ChunkedWriteHandler drops what it has not yet written when close() comes. */
    private static void closeAfter(ChannelFuture lastWrite) {
        lastWrite.addListener(ChannelFutureListener.CLOSE);
    }

    private static HttpResponse ok() {
        HttpResponse ok = new DefaultHttpResponse(HTTP_1_1, HttpResponseStatus.OK);
        ok.headers().set(HttpHeaderNames.CONTENT_TYPE, "text/plain");
        return ok;
    }

    private static FullHttpResponse text(HttpResponseStatus status, String text) {
        return response(status, Unpooled.copiedBuffer(text, CharsetUtil.US_ASCII));
    }

    private static FullHttpResponse response(HttpResponseStatus status, ByteBuf body) {
        FullHttpResponse response = new DefaultFullHttpResponse(HTTP_1_1, status, body);
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, "text/plain");
        HttpUtil.setContentLength(response, body.readableBytes());
        return response;
    }

    /** The number behind a path, if the path is that and the rest is a number. */
    static OptionalLong count(String uri, String path) {
        String number = uri.startsWith(path) ? uri.substring(path.length()) : "";
        return number.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(number)) : OptionalLong.empty();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ending = true;
        if (slow != null) {
            slow.cancel(false);
            slow = null;
        }
        goOn(ctx); // nothing is answered any more, only released
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // a reset by the client is everyday life for a server on the internet
        ctx.close();
    }
}
