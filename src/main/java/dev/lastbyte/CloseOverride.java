package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import java.util.Objects;
import java.util.function.UnaryOperator;

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
        GracefulCloseHandler.closeWith(channel, this);
        return channel.closeFuture();
    }

    /** Closes the future's channel, however it ended: made for the last write of an answer. */
    @Override
    public void operationComplete(ChannelFuture future) {
        close(future.channel());
    }

    GracefulCloseConfig applyTo(GracefulCloseConfig configured) {
        return Objects.requireNonNull(change.apply(configured.toBuilder()), "change")
                .build();
    }
}
