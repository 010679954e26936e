package dev.lastbyte.http;

import dev.lastbyte.testing.BytePattern;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * An application that knows nothing of drains. {@code /full/ID/N/MICROS} answers N bytes of the pattern after so many
 * microseconds, {@code /parts/ID/N/MICROS} the head and half of them at once and the rest then; one request after the other.
 * Confined to the channel's event loop.
 */
final class HttpAnswering extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final Queue<String> waiting = new ArrayDeque<>();
    private final LongAdder answers;

    /** Counts the answers that it writes. */
    HttpAnswering(LongAdder answers) {
        this.answers = answers;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        waiting.add(request.uri());
        if (waiting.size() == 1) {
            answer(ctx);
        }
    }

    private void answer(ChannelHandlerContext ctx) {
        String[] words = waiting.element().split("/");
        boolean parts = words[1].equals("parts");
        int length = Integer.parseInt(words[3]);
        if (parts) {
            HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
            head.headers().set("x-id", words[2]);
            HttpUtil.setTransferEncodingChunked(head, true);
            ctx.write(head);
            ctx.writeAndFlush(new DefaultHttpContent(BytePattern.slice(ctx.alloc(), 0, length / 2)));
        }
        long micros = Long.parseLong(words[4]);
        Runnable rest = () -> finish(ctx, parts, words[2], length);
        if (micros == 0) {
            rest.run();
        } else {
            ctx.executor().schedule(rest, micros, TimeUnit.MICROSECONDS);
        }
    }

    private void finish(ChannelHandlerContext ctx, boolean parts, String id, int length) {
        if (parts) {
            ByteBuf half = BytePattern.slice(ctx.alloc(), length / 2, length - length / 2);
            ctx.writeAndFlush(new DefaultLastHttpContent(half));
        } else {
            DefaultFullHttpResponse full = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.OK, BytePattern.slice(ctx.alloc(), 0, length));
            full.headers().set("x-id", id);
            HttpUtil.setContentLength(full, length);
            ctx.writeAndFlush(full);
        }
        answers.increment();
        waiting.remove();
        if (!waiting.isEmpty()) {
            answer(ctx);
        }
    }
}
