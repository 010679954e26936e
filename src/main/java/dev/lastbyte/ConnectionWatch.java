package dev.lastbyte;

import io.netty.channel.ChannelHandlerContext;

/**
 * Who keeps count of one connection from its start to its report. Called on the channel's event loop, each method as often
 * as it happens; nothing it does may fail.
 */
interface ConnectionWatch {
    /** Nobody. */
    ConnectionWatch NONE = new ConnectionWatch() {};

    /** The connection is active, and the handler in its pipeline. */
    default void opened(ChannelHandlerContext ctx) {}

    /** All handlers have heard that the connection is active. */
    default void announced() {}

    /** So many exchanges are open. */
    default void exchanges(int open) {}

    /** The connection is a stream or a tunnel that never finishes by itself. */
    default void longLived() {}

    /** The close sequence begins. */
    default void closing(CloseSequence sequence) {}

    /** So many bytes of a closing connection have not reached the kernel or, where it tells, the peer's TCP. */
    default void pending(long bytes) {}

    /** The connection has ended. */
    default void closed(CloseReport report) {}

    /** The handler has left an open connection. */
    default void released() {}
}
