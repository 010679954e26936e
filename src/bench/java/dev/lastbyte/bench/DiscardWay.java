package dev.lastbyte.bench;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.unix.IntegerUnixChannelOption;

/** How a Netty server discards an upload. */
enum DiscardWay {
    /** By the library, as fast as it can. */
    LASTBYTE(true, false, false),
    /** By the library, at its default rate. */
    PACED(true, false, false),
    /** By hand. */
    HAND(false, false, false),
    /** By hand, woken for larger pieces. */
    HAND_LOW_WATER(false, false, true),
    /** By hand, one read and the rest by MSG_TRUNC. Needs the transport epoll, as all that follow. */
    TRUNCATE(false, true, false),
    /** The same, woken for larger pieces. */
    TRUNCATE_LOW_WATER(false, true, true),
    /** The same with reads that copy next to nothing: what would be left if Netty did not read at all. */
    TRUNCATE_ALL(false, true, true);

    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVLOWAT = 18;
    private static final int LOW_WATER = 256 * 1024;
    private static final IntegerUnixChannelOption RECEIVE_LOW_WATER =
            new IntegerUnixChannelOption("SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT);

    private static final int TINY_READ = 64;

    private final boolean graceful;
    private final boolean truncating;
    private final boolean lowWater;

    DiscardWay(boolean graceful, boolean truncating, boolean lowWater) {
        this.graceful = graceful;
        this.truncating = truncating;
        this.lowWater = lowWater;
    }

    /** Whether the library does it. */
    boolean isGraceful() {
        return graceful;
    }

    /** Lets a channel that is new discard by hand. */
    void discardByHand(Channel channel, DiscardMeter meter) {
        if (this == TRUNCATE_ALL) {
            channel.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(TINY_READ));
        }
        if (lowWater && !channel.config().setOption(RECEIVE_LOW_WATER, LOW_WATER)) {
            throw new IllegalStateException("SO_RCVLOWAT is unknown to " + channel);
        }
        HandmadeDiscard discard = new HandmadeDiscard(meter);
        ChannelPipeline pipeline = channel.pipeline();
        if (truncating) {
            pipeline.addLast(new TruncatingDiscard(discard));
        }
        pipeline.addLast(discard);
    }
}
