package dev.lastbyte;

import dev.lastbyte.internal.Loggers;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.util.AttributeKey;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;

/**
 * Other limits for one close than those of the connection's {@link GracefulCloseConfig}: an answer given early, such as HTTP's
 * 413, may want to wait for the end of an upload, or may not.
 *
 * <pre>{@code
 * CloseOverride brief = CloseOverride.of(limits -> limits.eofTimeout(Duration.ofSeconds(2)).maxDiscardedBytes(1 << 20));
 * ctx.writeAndFlush(tooLarge).addListener(brief); // instead of ChannelFutureListener.CLOSE
 * }</pre>
 *
 * Everything that the change does not mention stays as configured. If the result does not fit together on some connection, that
 * is logged as a warning, and it is closed with its own limits. Thread-safe, and good for any number of connections.
 */
public final class CloseOverride implements ChannelFutureListener {
    private static final Logger LOG = Loggers.of(CloseOverride.class);

    /** What was left with a channel for its next close. */
    private static final AttributeKey<CloseOverride> NEXT = AttributeKey.valueOf(CloseOverride.class, "next");

    private final UnaryOperator<GracefulCloseConfig.Builder> change;

    private CloseOverride(UnaryOperator<GracefulCloseConfig.Builder> change) {
        this.change = change;
    }

    /**
     * An override that makes a change to whatever is configured. The change is tried at once, on the defaults, so that values
     * out of range are refused here; it runs again, on the event loop, for each close.
     *
     * @throws NullPointerException if {@code change} is null or returns null
     * @throws IllegalArgumentException if a value is out of range
     * @throws IllegalStateException if the changed defaults do not fit together
     */
    public static CloseOverride of(UnaryOperator<GracefulCloseConfig.Builder> change) {
        Objects.requireNonNull(change, "change");
        CloseOverride override = new CloseOverride(change);
        override.applyTo(GracefulCloseConfig.defaults());
        return override;
    }

    /**
     * Closes a channel with these limits, from the end of its pipeline. If its close sequence runs already it goes on as it
     * is; without a {@link GracefulCloseHandler} this is {@code channel.close()}.
     *
     * @return the channel's close future
     * @throws NullPointerException if {@code channel} is null
     */
    public ChannelFuture close(Channel channel) {
        if (!channel.isRegistered()) {
            channel.close();
        } else if (channel.eventLoop().inEventLoop()) {
            channel.attr(NEXT).set(this);
            channel.pipeline().close();
        } else {
            channel.eventLoop().execute(() -> close(channel));
        }
        return channel.closeFuture();
    }

    /** Closes the future's channel, however it ended: made for the last write of an answer. */
    @Override
    public void operationComplete(ChannelFuture future) {
        close(future.channel());
    }

    /**
     * Gives the next close of a channel these limits, unless that was asked for with limits of its own, or others were offered
     * before. Does nothing when the close sequence has begun. From any thread.
     *
     * @throws NullPointerException if {@code channel} is null
     */
    public void offerTo(Channel channel) {
        channel.attr(NEXT).setIfAbsent(this);
    }

    /**
     * The limits of a close that begins now: the configured ones, or those that were left with the channel. Limits that do not fit
     * the connection's own must not keep it from being closed.
     */
    static GracefulCloseConfig limitsOf(Channel channel, GracefulCloseConfig configured) {
        CloseOverride left = channel.hasAttr(NEXT) ? channel.attr(NEXT).getAndSet(null) : null;
        if (left == null) {
            return configured;
        }
        try {
            return left.applyTo(configured);
        } catch (RuntimeException e) {
            LOG.warn("{} has limits that its CloseOverride does not fit; closing with its own", channel, e);
            return configured;
        }
    }

    private GracefulCloseConfig applyTo(GracefulCloseConfig configured) {
        return Objects.requireNonNull(change.apply(configured.toBuilder()), "change")
                .build();
    }
}
