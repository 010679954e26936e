package dev.lastbyte.testing;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Tells which sign of the connection's end a transport gives first. Thread-safe. */
public final class EventRecorder extends ChannelInboundHandlerAdapter {
    private final CompletableFuture<String> end = new CompletableFuture<>();
    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private final CompletableFuture<ChannelHandlerContext> firstRead = new CompletableFuture<>();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        firstRead.complete(ctx);
        ctx.fireChannelRead(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE) {
            end.complete("input shut down, " + (ctx.channel().isActive() ? "active" : "inactive"));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end.complete("inactive");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        failure.complete(cause);
    }

    public void awaitRead() throws Exception {
        firstRead.get(30, TimeUnit.SECONDS);
    }

    public String end() throws Exception {
        return end.get(30, TimeUnit.SECONDS);
    }

    public Throwable failure() throws Exception {
        return failure.get(30, TimeUnit.SECONDS);
    }
}
