package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.IntegerUnixChannelOption;

/**
 * TCP_USER_TIMEOUT (RFC 5482, tcp(7)): a limit without progress that the kernel keeps even after the descriptor is gone.
 * Loaded only where the transport is epoll or io_uring. Stateless.
 */
final class UserTimeout {
    private static final IntegerUnixChannelOption OPTION =
            new IntegerUnixChannelOption("dev.lastbyte.TCP_USER_TIMEOUT", 6, 18);

    private UserTimeout() {}

    static void bound(Channel channel, int millis) {
        try {
            Integer current = channel.config().getOption(OPTION);
            if (current == null || current == 0 || current > millis) {
                channel.config().setOption(OPTION, millis);
            }
        } catch (ChannelException e) {
            CloseLog.LOG.trace("{} cannot set TCP_USER_TIMEOUT {}", channel, millis, e);
        }
    }
}
