package dev.lastbyte;

import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;

/**
 * What a handler wants to hear of its connection, beside what Netty tells it. It registers with {@link GracefulCloseHandler#listen}, as
 * a rule in {@code handlerAdded}:
 *
 * <pre>{@code
 * final class MyHandler extends ChannelInboundHandlerAdapter implements ConnectionEvents {
 *     public void handlerAdded(ChannelHandlerContext ctx) {
 *         GracefulCloseHandler.listen(ctx, this);
 *     }
 *
 *     public void drain(ChannelHandlerContext ctx, Drain drain) {
 *         ... // take no new work
 *     }
 * }
 * }</pre>
 *
 * <p>Each method is called at most once for a registration, on the executor of the handler's context, and at once if the event has
 * passed. The handler nearest the transport is told first. What a method throws is logged, and changes nothing. A handler that has
 * left the pipeline is told nothing more.
 *
 * <p>On a channel within a connection, such as an HTTP/2 stream, these are the events of the connection; its own close counts too, if it
 * has a {@code GracefulCloseHandler}.
 */
public interface ConnectionEvents {
    /**
     * The server is being drained: take no new work, and close the channel when the work in progress is done. The manager closes idle
     * connections by itself, and the rest when their time is over.
     *
     * @param ctx the context with which the handler registered
     */
    default void drain(ChannelHandlerContext ctx, Drain drain) {}

    /**
     * The close sequence begins. What the handler writes now is still sent, if its executor is the channel's event loop; afterwards the
     * channel takes no more writes and delivers no more input, although {@code isActive()} stays true until the sequence is over.
     *
     * @param ctx the context with which the handler registered
     */
    default void closeStarted(ChannelHandlerContext ctx) {}

    /**
     * The peer has ended its side: it sends nothing more. Most peers have gone then, and some still read, see {@link PeerHalfClose}.
     * Not called if the transport closes the channel at the peer's end ({@link PeerHalfClose#CLOSE_NOW}), nor while the channel is being
     * closed.
     *
     * @param ctx the context with which the handler registered
     */
    default void peerEnded(ChannelHandlerContext ctx) {}

    /** A drain as a connection sees it: how much time there is. The drain may shorten it later. Thread-safe. */
    interface Drain {
        /** Time until everything must be closed, flush and close of this connection included; zero when the deadline has passed. */
        Duration timeLeft();

        /** How long work in progress may still take; zero when that time has passed. */
        Duration graceLeft();

        /** The time over which the closes of idle connections are spread; zero if they are not. */
        Duration closeSpread();

        /** The end of the drain on the scale of {@link System#nanoTime()}. */
        long deadlineNanos();
    }
}
