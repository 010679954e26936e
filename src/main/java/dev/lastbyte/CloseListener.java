package dev.lastbyte;

import io.netty.channel.Channel;

/**
 * Is told once about the end of each connection. Set it with {@link GracefulCloseConfig.Builder#closeListener}.
 *
 * <p>Called on the channel's event loop, after the channel is closed; it must not block. An exception is logged and
 * changes nothing. One listener usually serves many connections and must then be thread-safe.
 */
@FunctionalInterface
public interface CloseListener {
    /**
     * Called after a connection has ended.
     *
     * @param channel the closed channel
     * @param report what is known about its end
     */
    void onClose(Channel channel, CloseReport report);
}
