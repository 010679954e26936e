package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;

/**
 * SHUT_WR of an epoll connection, asked of its socket. {@code shutdownOutput()} makes an exception at each call, for writes that might
 * follow, which is a twentieth of what a short connection costs; behind a close nobody writes, given that no handler stands in front of ours. Loaded only where the transport is
 * epoll. Stateless; to be called on the channel's event loop.
 */
final class EpollFin {
    private EpollFin() {}

    /** Sends the FIN; what Netty keeps for output stays until {@link HalfClosure#releaseOutput}. */
    static ChannelFuture send(Channel channel) {
        if (!channel.isOpen() || !(channel instanceof UnixChannel unix) || !(unix.fd() instanceof Socket socket)) {
            return HalfClosure.shutdownOutput(channel);
        }
        try {
            socket.shutdown(false, true);
            return channel.newSucceededFuture();
        } catch (IOException | NotYetConnectedException e) {
            return channel.newFailedFuture(e);
        }
    }
}
