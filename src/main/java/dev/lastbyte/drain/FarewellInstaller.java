package dev.lastbyte.drain;

import io.netty.channel.ChannelHandlerContext;

/**
 * Puts the farewell of its protocol into each new connection of a {@link GracefulCloseManager}. {@code Farewells.auto()} of the package
 * {@code dev.lastbyte.auto} does it for HTTP/1.1, HTTP/2 and WebSocket. Thread-safe.
 */
@FunctionalInterface
public interface FarewellInstaller {
    /**
     * A connection has become active, and the handlers that were added with it are in its pipeline. The codec may come later: then the
     * installer leaves a handler of its own that waits for it. Called once per connection, on its event loop, before it is told of a drain
     * that runs. An exception is logged, and the connection goes on without a farewell.
     *
     * @param closer the context of the connection's {@code GracefulCloseHandler}
     */
    void install(ChannelHandlerContext closer);
}
