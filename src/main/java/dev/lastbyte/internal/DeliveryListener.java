package dev.lastbyte.internal;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/**
 * Hears what the kernel says about a connection's output each time a close asks. A channel has one at most. Confined to the
 * channel's event loop.
 */
public interface DeliveryListener {
    /** Where it is left with its channel. */
    AttributeKey<DeliveryListener> KEY = AttributeKey.valueOf(DeliveryListener.class, "channel");

    /**
     * A close has asked the kernel.
     *
     * @param delivered whether the peer's TCP has acknowledged everything that was ever written
     */
    void seen(TcpInfo info, boolean delivered);

    /** Leaves the channel's listener where a close finds it. */
    static void leave(Channel channel, DeliveryListener listener) {
        channel.attr(KEY).set(listener);
    }

    /** The channel's listener, or null if it has none. */
    static @Nullable DeliveryListener of(Channel channel) {
        return channel.hasAttr(KEY) ? channel.attr(KEY).get() : null;
    }
}
