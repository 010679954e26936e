package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/**
 * Where the close of a channel gets the report of its protocol's farewell, and a drain what that knows. For this library's farewells; not an API. Confined to the
 * channel's event loop.
 *
 * @hidden
 */
public interface FarewellSource {
    /** Where a channel keeps its source. */
    AttributeKey<FarewellSource> KEY = AttributeKey.valueOf("dev.lastbyte.FAREWELL");

    /**
     * What came of the farewell; asked when the connection has ended.
     *
     * @param lateBytes input that came after the close had begun
     * @param peerEnded whether the peer ended the connection by itself
     */
    FarewellReport report(long lateBytes, boolean peerEnded);

    /**
     * Whether the connection's exchanges are counted, so that none is open that nobody knows. From any thread.
     *
     * @param reported whether any has been reported on this connection
     */
    boolean countsExchanges(boolean reported);

    /** Leaves a source with a channel, in place of an earlier one. */
    static void leave(Channel channel, FarewellSource source) {
        channel.attr(KEY).set(source);
    }

    /** The channel's source, or null if its protocol has no farewell. */
    static @Nullable FarewellSource of(Channel channel) {
        return channel.hasAttr(KEY) ? channel.attr(KEY).get() : null;
    }
}
