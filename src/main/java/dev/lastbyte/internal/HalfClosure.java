package dev.lastbyte.internal;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;

/**
 * The two directions of one connection: the only file that knows {@link DuplexChannel} and ALLOW_HALF_CLOSURE.
 *
 * <p>While ALLOW_HALF_CLOSURE is on, the peer's FIN arrives as an event and output can still be sent, but a reset leaves
 * the channel open; while it is off, the transport closes the channel at the FIN, below all handlers. The close sequence
 * therefore switches it on only as long as it wants to outlive an EOF. {@code shutdownInput()} is never called: after our
 * FIN the kernel answers the next inbound byte with RST.
 *
 * <p>Stateless; to be called on the channel's event loop.
 */
public final class HalfClosure {
    private HalfClosure() {}

    /** Whether the channel has two directions that can be closed apart. */
    public static boolean isSupported(Channel channel) {
        return channel instanceof DuplexChannel;
    }

    /** Whether the channel outlives the peer's FIN already, by the user's own choice. */
    public static boolean isAllowed(Channel channel) {
        return isSupported(channel)
                && Boolean.TRUE.equals(channel.config().getOption(ChannelOption.ALLOW_HALF_CLOSURE));
    }

    /** Makes the channel outlive the peer's FIN; returns whether the transport does it. */
    public static boolean outliveEof(Channel channel) {
        return isSupported(channel)
                && channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                && !TransportKind.of(channel).ignoresHalfClosure();
    }

    /** Makes the transport close the channel by itself at the peer's FIN, or at a reset. */
    public static void endAtEof(Channel channel) {
        if (isSupported(channel)) {
            channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        }
    }

    /** Whether an event says that the peer has ended its side, in one of the ways in which transports do. */
    public static boolean isEndOfInput(Object event) {
        return event == ChannelInputShutdownEvent.INSTANCE || event == ChannelInputShutdownReadComplete.INSTANCE;
    }

    public static boolean isInputShutdown(Channel channel) {
        return channel instanceof DuplexChannel duplex && duplex.isInputShutdown();
    }

    public static boolean isOutputShutdown(Channel channel) {
        return channel instanceof DuplexChannel duplex && duplex.isOutputShutdown();
    }

    /**
     * SHUT_WR: the FIN follows the last byte. Must not be called with bytes queued in Netty, which would drop them and
     * send a clean FIN all the same.
     */
    public static ChannelFuture shutdownOutput(Channel channel) {
        if (!(channel instanceof DuplexChannel duplex)) {
            throw new IllegalStateException(channel + " cannot be half-closed");
        }
        return duplex.shutdownOutput();
    }

    /** The same where no handler but the caller's can write any more, which is cheaper on epoll. */
    public static ChannelFuture sendFin(Channel channel) {
        return TransportKind.of(channel) == TransportKind.EPOLL ? EpollFin.send(channel) : shutdownOutput(channel);
    }

    /** Gives back what Netty keeps for output; for one whose FIN is sent. */
    public static void releaseOutput(Channel channel) {
        if (channel instanceof DuplexChannel duplex && channel.unsafe().outboundBuffer() != null) {
            duplex.shutdownOutput(); // the socket is shut down already: it is not asked again
        }
    }

    /**
     * SHUT_WR of an epoll connection, asked of its socket. {@code shutdownOutput()} makes an exception at each call, for writes that
     * might follow, which is a twentieth of what a short connection costs. Loaded only where the transport is epoll.
     */
    private static final class EpollFin {
        /** What Netty keeps for output stays until {@link #releaseOutput}. */
        static ChannelFuture send(Channel channel) {
            if (!channel.isOpen() || !(channel instanceof UnixChannel unix) || !(unix.fd() instanceof Socket socket)) {
                return shutdownOutput(channel);
            }
            try {
                socket.shutdown(false, true);
                return channel.newSucceededFuture();
            } catch (IOException | NotYetConnectedException e) {
                return channel.newFailedFuture(e);
            }
        }
    }
}
