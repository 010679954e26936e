/**
 * Graceful close for Netty connections.
 *
 * <p>{@code close()} on a TCP socket may throw away what the application has just written: with unread input, or when the peer sends
 * one more byte, the kernel answers with RST and drops its send queue. Put a {@link dev.lastbyte.GracefulCloseHandler} first in the
 * pipeline, and every later {@code close()} runs the whole sequence instead: flush, half-close, read and discard until EOF within
 * limits, close.
 *
 * <pre>{@code
 * GracefulCloseConfig config = GracefulCloseConfig.defaults();
 * new ServerBootstrap().childHandler(new ChannelInitializer<SocketChannel>() {
 *     @Override protected void initChannel(SocketChannel ch) {
 *         ch.pipeline().addFirst(new GracefulCloseHandler(config));
 *         ch.pipeline().addLast(new HttpServerCodec(), new MyHandler());
 *     }
 * });
 * }</pre>
 *
 * <p>To read the code, follow {@code close()}: {@link dev.lastbyte.GracefulCloseHandler} receives it, {@code CloseSequence} is the
 * state machine, {@code CloseLimits} says when a wait is over, {@code Delivery} what the peer has acknowledged, and {@code CloseRecord}
 * writes the {@link dev.lastbyte.CloseReport}. docs/architecture.md has the map of all packages.
 *
 * <p>Everything that belongs to one connection runs on its channel's event loop. Nothing blocks.
 */
@NullMarked
package dev.lastbyte;

import org.jspecify.annotations.NullMarked;
