package dev.lastbyte.drain;

import dev.lastbyte.internal.OutboundFlush;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/**
 * Whether a connection without open exchanges is idle: nothing queued, and silence for long enough. Asks the kernel when
 * something was last sent or received; where it does not tell, a {@link SilenceWatch} notes it from now on. Made for a drain.
 * Confined to the event loop on which the connection began.
 */
final class Idleness {
    private static final long FRESH_NANOS = 20_000_000;

    private final ChannelHandlerContext ctx;
    private final SystemView system;
    private final long sinceNanos;
    private @Nullable SilenceWatch silence;
    private long nextLookNanos;

    /**
     * Begins to look.
     *
     * @param sinceNanos when the connection was taken over: it may have waited to be accepted, which is no silence of its peer's
     */
    Idleness(ChannelHandlerContext ctx, SystemView system, long sinceNanos, long now) {
        this.ctx = ctx;
        this.system = system;
        this.sinceNanos = sinceNanos;
        nextLookNanos = sinceNanos;
        if (!system.hasTcpInfo(ctx.channel())) {
            silence = SilenceWatch.install(ctx.channel(), system, now);
        }
    }

    /** Looks, but not before it can be. */
    boolean holds(long now, long idleAfterNanos) {
        if (now - nextLookNanos < 0 || OutboundFlush.isPending(ctx)) {
            return false;
        }
        long left = idleAfterNanos - silentNanos(now);
        nextLookNanos = now + Math.max(0, left);
        return left <= 0;
    }

    /** Looks again, unless the kernel was asked a moment ago. */
    boolean stillHolds(long now, long idleAfterNanos) {
        boolean fresh = silence == null && now - nextLookNanos < FRESH_NANOS;
        return fresh || holds(now, idleAfterNanos);
    }

    private long silentNanos(long now) {
        Channel channel = ctx.channel();
        TcpInfo info = system.hasTcpInfo(channel) ? system.tcpInfo(channel) : null;
        if (info == null) {
            return now - (silence == null ? sinceNanos : silence.lastNanos());
        }
        long silent = Math.min(info.silentMillis() * 1_000_000, now - sinceNanos);
        return silent > 0 && system.hasUnreadInput(channel) ? 0 : silent;
    }

    /** Leaves nothing behind in the pipeline. */
    void end() {
        if (silence != null) {
            silence.uninstall(ctx.channel());
        }
    }
}
