package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import org.jspecify.annotations.Nullable;

/**
 * The two directions of one connection: the only file that knows {@link DuplexChannel} and ALLOW_HALF_CLOSURE.
 *
 * <p>While ALLOW_HALF_CLOSURE is on, the peer's FIN arrives as an event and output can still be sent, but a reset leaves
 * the channel open; while it is off, the transport closes the channel at the FIN, below all handlers. The close sequence
 * therefore switches it on only as long as it wants to outlive an EOF. {@code shutdownInput()} is never called: after our
 * FIN the kernel answers the next inbound byte with RST.
 *
 * <p>Confined to the channel's event loop.
 */
final class HalfClosure {
    private final Channel channel;
    private final @Nullable DuplexChannel duplex;

    HalfClosure(Channel channel) {
        this.channel = channel;
        this.duplex = channel instanceof DuplexChannel both ? both : null;
    }

    /** Whether the channel has two directions that can be closed apart. */
    boolean isSupported() {
        return duplex != null;
    }

    /** Whether the channel outlives the peer's FIN already, by the user's own choice. */
    boolean isAllowed() {
        return duplex != null && Boolean.TRUE.equals(channel.config().getOption(ChannelOption.ALLOW_HALF_CLOSURE));
    }

    /** Makes the channel outlive the peer's FIN; returns whether the transport does it. */
    boolean outliveEof() {
        return duplex != null
                && channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                && !TransportKind.of(channel).ignoresHalfClosure();
    }

    /** Makes the transport close the channel by itself at the peer's FIN, or at a reset. */
    void endAtEof() {
        if (duplex != null) {
            channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        }
    }

    boolean isInputShutdown() {
        return duplex != null && duplex.isInputShutdown();
    }

    boolean isOutputShutdown() {
        return duplex != null && duplex.isOutputShutdown();
    }

    /**
     * SHUT_WR: the FIN follows the last byte. Must not be called with bytes queued in Netty, which would drop them and
     * send a clean FIN all the same.
     */
    ChannelFuture shutdownOutput() {
        if (duplex == null) {
            throw new IllegalStateException(channel + " cannot be half-closed");
        }
        return duplex.shutdownOutput();
    }
}
