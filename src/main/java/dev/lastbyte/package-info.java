/**
 * Graceful close for Netty connections.
 *
 * <p>{@code close()} on a TCP socket may throw away what the application has just written: with unread input, or when
 * the peer sends one more byte, the kernel answers with RST and drops its send queue. Put a {@link
 * dev.lastbyte.GracefulCloseHandler} first in the pipeline and every later {@code close()} runs the whole sequence
 * instead: flush, half-close, read and discard until EOF within limits, close.
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
 * <p>Reading order for the curious: {@link dev.lastbyte.GracefulCloseHandler} (the pipeline's door), {@code ClosingHandler}
 * (which takes its place while the channel closes), {@code CloseSequence}
 * (the state machine, with a diagram), then one file per wire action: {@code OutboundFlush}, {@code HalfClosure}, {@code
 * DiscardPump}, {@code DeliveryWatch}, {@code SocketLinger}. The result is a {@link dev.lastbyte.CloseReport}.
 *
 * <p>A whole server is drained by a {@link dev.lastbyte.drain.GracefulCloseManager}; read on there with {@code DrainSequence} (the
 * phases, on a thread of their own), {@code LoopDrain} (what each event loop does with its connections) and {@code
 * ListenerStop} (how a listener closes without losing who waits in its queue). The result is a {@link
 * dev.lastbyte.drain.DrainReport}.
 *
 * <p>{@link dev.lastbyte.tcp.SegmentPolicy} decides how flushes become segments ({@code CorkHandler}), {@link dev.lastbyte.tcp.TcpOptions}
 * sets socket options.
 *
 * <p>Everything that belongs to one connection runs on that channel's event loop; nothing blocks.
 */
@NullMarked
package dev.lastbyte;

import org.jspecify.annotations.NullMarked;
