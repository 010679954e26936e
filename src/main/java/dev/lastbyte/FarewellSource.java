package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/**
 * Where the close of a channel gets the report of its protocol's farewell. For this library's farewells; not an API. Confined to the
 * channel's event loop.
 *
 * @hidden
 */
@FunctionalInterface
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

    /** Leaves a source with a channel, in place of an earlier one. */
    static void leave(Channel channel, FarewellSource source) {
        channel.attr(KEY).set(source);
    }

    /** The channel's source, or null if its protocol has no farewell. */
    static @Nullable FarewellSource of(Channel channel) {
        return channel.hasAttr(KEY) ? channel.attr(KEY).get() : null;
    }
}
