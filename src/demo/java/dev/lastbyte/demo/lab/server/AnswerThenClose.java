package dev.lastbyte.demo.lab.server;

import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.demo.BytePattern;
import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.lab.peer.Request;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The lab server's application: reads the request and nothing else, writes the answer, closes.
 *
 * <p>Without the library it does what Netty's documentation asks for: it closes when the write is done, that is, when the
 * kernel has taken the last byte ({@code close()} right after the write would cut the answer of every peer), or when a write
 * makes no progress. With the library it simply calls {@code close()} after writing. Confined to the channel's event loop.
 */
final class AnswerThenClose extends ChannelInboundHandlerAdapter {
    private final StringBuilder request = new StringBuilder(Request.LENGTH);
    private final CloseWay way;
    private final Consumer<ServerResult> results;

    AnswerThenClose(CloseWay way, Consumer<ServerResult> results) {
        this.way = way;
        this.results = results;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        request.append(bytes.toString(StandardCharsets.US_ASCII));
        bytes.release();
        if (request.length() < Request.LENGTH) {
            ctx.read();
        } else {
            Request wanted = Request.decode(request.toString());
            GracefulCloseHandler.exchangeStarted(ctx.channel());
            if (wanted.delayMillis() == 0) {
                answer(ctx, wanted);
            } else {
                ctx.executor().schedule(() -> answer(ctx, wanted), wanted.delayMillis(), TimeUnit.MILLISECONDS);
            }
        }
    }

    private void answer(ChannelHandlerContext ctx, Request wanted) {
        Channel channel = ctx.channel();
        long startNanos = System.nanoTime();
        reportEnd(channel, wanted.run(), startNanos);
        ChannelFuture last = channel.newSucceededFuture();
        for (int left = wanted.size(); left > 0; left -= BytePattern.CHUNK) {
            last = ctx.write(BytePattern.slice(Math.min(left, BytePattern.CHUNK)));
        }
        ctx.flush();
        if (way.strategy().isPresent()) {
            channel.close();
        } else {
            last.addListener(ChannelFutureListener.CLOSE);
            WritePatience.watch(channel);
        }
    }

    private void reportEnd(Channel channel, int run, long startNanos) {
        long[] closeNanos = new long[1];
        channel.closeFuture().addListener(closed -> {
            closeNanos[0] = System.nanoTime() - startNanos;
            if (way.strategy().isEmpty()) {
                results.accept(ServerResult.plain(run, closeNanos[0]));
            }
        });
        if (way.strategy().isPresent()) {
            GracefulCloseHandler.report(channel).addListener((Future<CloseReport> report) -> {
                long nanos = closeNanos[0] == 0 ? System.nanoTime() - startNanos : closeNanos[0];
                results.accept(ServerResult.of(run, nanos, report.getNow()));
            });
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // resets are what the lab is about; the peer's result tells of them
        ctx.close();
    }
}
