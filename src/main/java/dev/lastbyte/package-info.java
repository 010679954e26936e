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
 * <p>A {@link dev.lastbyte.CloseReport} then says how sure it is that the peer has everything, why the close ended, and what was lost.
 *
 * <p>Everything that belongs to one connection runs on its channel's event loop. Nothing blocks.
 */
@NullMarked
package dev.lastbyte;

import org.jspecify.annotations.NullMarked;
