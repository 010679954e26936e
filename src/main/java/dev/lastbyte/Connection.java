package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/**
 * One connection as its {@link GracefulCloseHandler} sees it: what a close needs to know, and whom the handler tells what happens. For
 * this library's manager; it is no API.
 *
 * <p>Called on the channel's event loop. What these methods do must not fail.
 *
 * @hidden
 */
public interface Connection {
    /** The limits of its close. */
    GracefulCloseConfig config();

    /**
     * The connection of a second handler in the same pipeline, which the user has put there. Returns what that handler is to use from here
     * on, and leaves it the place; or null to have two handlers refused.
     */
    default @Nullable Connection adopt(Connection own) {
        return null;
    }

    /** Why {@link GracefulCloseHandler#closeNow} is called now. */
    default CloseCause forcedBy() {
        return CloseCause.FORCED;
    }

    /** The connection is active, and the handler is in its pipeline. Another handler may take over and say so again. */
    default void opened(ChannelHandlerContext ctx) {}

    /** All handlers know that the connection is active. */
    default void announced() {}

    /** One of the exchanges that end next has got no complete answer. */
    default void abandoned() {}

    /** So many exchanges are open now. */
    default void exchanges(int open) {}

    /** The connection is a stream or a tunnel that never finishes by itself, or is one no more. */
    default void longLived(boolean begins) {}

    /** The close sequence begins. */
    default void closing(RunningClose close) {}

    /** So many bytes of a closing connection have not reached the kernel or, where it tells, the peer's TCP. */
    default void pending(long bytes) {}

    /** The connection is closed. Called once. */
    default void closed(Channel channel, CloseReport report) {}

    /** The handler has left an open connection. */
    default void released() {}

    /** A close sequence that runs. Confined to the channel's event loop. */
    interface RunningClose {
        /** Sets an earlier deadline than the configured one, on the scale of {@link System#nanoTime}: that of a drain. */
        void limit(long deadlineNanos);

        /** Ends the sequence now, without waiting for anything: truncated output is reset, everything else closed as it is. */
        void force(CloseCause cause);

        /** Whether everything has been sent and only the peer is waited for. */
        boolean isWaiting();

        /** Whether the end has been decided: nothing that the peer does now changes it. */
        boolean isEnding();
    }
}
