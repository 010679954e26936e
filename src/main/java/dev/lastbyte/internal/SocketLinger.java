package dev.lastbyte.internal;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.IntegerUnixChannelOption;
import org.slf4j.Logger;

/**
 * SO_LINGER and TCP_USER_TIMEOUT just before a close: what the kernel does with bytes it still holds. The only file that
 * touches them. Failures are no errors: after a reset the kernel refuses options.
 *
 * <p>A positive SO_LINGER never reaches the close: on epoll all such closes of the process queue up on one thread, on NIO
 * it is a race, on io_uring it stops the event loop. Stateless; to be called on the channel's event loop.
 */
public final class SocketLinger {
    private static final Logger LOG = Loggers.of(SocketLinger.class);

    private SocketLinger() {}

    /** Makes the next close reset the connection (no effect on Unix domain sockets); returns whether the option was taken. */
    public static boolean resetOnClose(Channel channel) {
        return set(channel, 0);
    }

    /** Makes the next close send FIN again. */
    public static void finOnClose(Channel channel) {
        set(channel, -1);
    }

    /**
     * The option as it is now: 0 if a close would reset the connection, a positive number of seconds if it would block, -1 if
     * neither, or if the transport has no such option.
     */
    public static int read(Channel channel) {
        try {
            Integer seconds = channel.config().getOption(ChannelOption.SO_LINGER);
            return seconds == null ? -1 : seconds;
        } catch (ChannelException e) {
            LOG.trace("{} cannot read SO_LINGER", channel, e);
            return -1;
        }
    }

    /**
     * Bounds how long the kernel goes on without progress once the socket is closed. A smaller limit of the user's stays.
     */
    public static void boundKernel(Channel channel, long patienceNanos) {
        if (TransportKind.of(channel).hasTcpOptions()) {
            UserTimeout.bound(channel, (int) Math.min(Integer.MAX_VALUE, Math.max(1, patienceNanos / 1_000_000)));
        }
    }

    private static boolean set(Channel channel, int seconds) {
        try {
            return channel.config().setOption(ChannelOption.SO_LINGER, seconds);
        } catch (ChannelException e) {
            LOG.trace("{} cannot set SO_LINGER {}", channel, seconds, e);
            return false;
        }
    }

    /**
     * TCP_USER_TIMEOUT (RFC 5482, tcp(7)): a limit without progress that the kernel keeps even after the descriptor is gone. Loaded
     * only where the transport is epoll or io_uring.
     */
    static final class UserTimeout {
        private static final IntegerUnixChannelOption OPTION =
                new IntegerUnixChannelOption("dev.lastbyte.TCP_USER_TIMEOUT", 6, 18);

        static void bound(Channel channel, int millis) {
            try {
                Integer current = channel.config().getOption(OPTION);
                if (current == null || current == 0 || current > millis) {
                    channel.config().setOption(OPTION, millis);
                }
            } catch (ChannelException e) {
                LOG.trace("{} cannot set TCP_USER_TIMEOUT {}", channel, millis, e);
            }
        }
    }
}
