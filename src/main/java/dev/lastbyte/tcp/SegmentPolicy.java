package dev.lastbyte.tcp;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.TransportKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import java.util.function.BiConsumer;

/**
 * How the bytes that an application flushes become TCP segments. {@link #applyTo} sets it on a connection:
 *
 * <pre>{@code
 * protected void initChannel(SocketChannel ch) {
 *     ch.pipeline().addFirst(new GracefulCloseHandler(config));
 *     SegmentPolicy.CORK.applyTo(ch);
 *     ch.pipeline().addLast(new HttpServerCodec(), new MyHandler());
 * }
 * }</pre>
 *
 * <p>With {@link #CORK}, everything that is flushed in one turn of the event loop is sent together. If a message takes longer, {@link
 * #messageStarted} and {@link #messageEnded}, or a {@link MessageEndHandler}, tell what belongs together, and {@link #push} tells
 * what must not wait. The page {@code docs/segments.md} shows the segments of each policy. Immutable; the methods are thread-safe.
 */
public enum SegmentPolicy {
    /** TCP_NODELAY: each flush is sent at once, in a segment of its own. Netty's default. */
    NO_DELAY,

    /**
     * Nagle's algorithm (RFC 896): a small segment waits while another is unacknowledged. An application that flushes twice and
     * then waits for the answer waits for the peer's delayed acknowledgement too, 40 ms and more.
     */
    NAGLE,

    /**
     * TCP_NODELAY, and each message in as few segments as it fits into. Flushes are gathered, and TCP_CORK is on while a message
     * takes several system calls. That is so on epoll and io_uring; NIO has no cork, and a file starts a segment of its own there.
     * Bytes wait for the rest of their message for 10 ms at most.
     */
    CORK;

    /*
     * CORK needs TCP_NODELAY: when a cork is taken off a socket with Nagle's algorithm, the last segment still waits for the
     * acknowledgement of the one before it.
     */

    /**
     * Sets this policy on a connection, in place of any other. From any thread, but not from two at once. {@link #CORK} adds a
     * handler right behind the {@link GracefulCloseHandler}, or first in the pipeline: nearer to the transport than TLS. Unix domain
     * sockets, channels within a connection and channels inside the process send no segments; on those it does nothing.
     *
     * @throws NullPointerException if {@code channel} is null
     * @throws IllegalStateException if the channel is a listener or sends datagrams
     */
    public void applyTo(Channel channel) {
        if (channel instanceof ServerChannel || channel instanceof DatagramChannel) {
            throw new IllegalStateException("SegmentPolicy." + this + " for " + channel
                    + ", which sends no stream (expected: a connection; on a server, in the child handler)");
        }
        TransportKind kind = TransportKind.of(channel);
        if (kind == TransportKind.OTHER || kind.isUnixSocket() || !channel.isOpen()) {
            return;
        }
        channel.config().setOption(ChannelOption.TCP_NODELAY, this != NAGLE);
        ChannelPipeline pipeline = channel.pipeline();
        CorkHandler present = pipeline.get(CorkHandler.class);
        if (this == CORK && present == null) {
            add(pipeline, new CorkHandler());
        } else if (this != CORK && present != null) {
            pipeline.remove(present);
        }
    }

    static void add(ChannelPipeline pipeline, CorkHandler handler) {
        ChannelHandlerContext graceful = pipeline.context(GracefulCloseHandler.class);
        if (graceful == null) {
            pipeline.addFirst(handler);
        } else {
            pipeline.addAfter(graceful.name(), null, handler);
        }
    }

    /**
     * Tells that what is written from here on belongs together, until {@link #messageEnded}. From any thread, in order with the
     * writes of the same thread. A second call before that changes nothing. Without {@link #CORK} it does nothing.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static void messageStarted(Channel channel) {
        onEventLoop(channel, (handler, ctx) -> handler.messageStarted());
    }

    /**
     * Tells that the last byte of a message has been written. What has been flushed is sent now, and so is what is flushed in the
     * same turn of the event loop. The call itself flushes nothing. From any thread, in order with the writes of the same thread.
     * Without {@link #CORK} it does nothing.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static void messageEnded(Channel channel) {
        onEventLoop(channel, CorkHandler::messageEnded);
    }

    /**
     * Flushes the channel and sends what has been written now, although its message has not ended: a server-sent event, a progress
     * line. From any thread, in order with the writes of the same thread. Without {@link #CORK} it is {@code channel.flush()}.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public static void push(Channel channel) {
        if (channel.pipeline().get(CorkHandler.class) == null) {
            channel.flush();
        } else {
            onEventLoop(channel, (handler, ctx) -> {
                handler.push(ctx);
                channel.flush(); // in the same turn, or it would count as a flush of its own
            });
        }
    }

    private static void onEventLoop(Channel channel, BiConsumer<CorkHandler, ChannelHandlerContext> step) {
        ChannelHandlerContext ctx = channel.pipeline().context(CorkHandler.class);
        if (ctx == null) {
            return;
        }
        CorkHandler handler = (CorkHandler) ctx.handler();
        if (ctx.executor().inEventLoop()) {
            step.accept(handler, ctx);
        } else {
            ctx.executor().execute(() -> step.accept(handler, ctx));
        }
    }
}
