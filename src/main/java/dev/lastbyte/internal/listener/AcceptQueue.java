package dev.lastbyte.internal.listener;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.RawUnixChannelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalInt;

/**
 * The length of a listener's accept queue: how many connections wait for {@code accept(2)}. On a listening socket the field {@code
 * tcpi_unacked} of {@code struct tcp_info} has this number (tcp_get_info in the kernel's net/ipv4/tcp.c). Loaded only where the
 * transport is epoll or io_uring. Stateless.
 */
final class AcceptQueue {
    private static final int LISTEN = 10;
    private static final int UNACKED_OFFSET = 24;
    private static final int BYTES = 32;
    private static final RawUnixChannelOption OPTION =
            new RawUnixChannelOption("dev.lastbyte.TCP_INFO.listener", 6, 11, BYTES);

    private AcceptQueue() {}

    /** The length of a listener's accept queue, or empty if the kernel does not answer. */
    static OptionalInt length(Channel listener) {
        try {
            ByteBuffer raw = listener.config().getOption(OPTION);
            if (raw == null || raw.remaining() < BYTES || raw.get(0) != LISTEN) {
                return OptionalInt.empty();
            }
            return OptionalInt.of(raw.order(ByteOrder.nativeOrder()).getInt(UNACKED_OFFSET));
        } catch (ChannelException e) {
            return OptionalInt.empty();
        }
    }
}
