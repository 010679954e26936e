package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.RawUnixChannelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Whether input waits in the kernel: the first word of SO_MEMINFO (linux/sock_diag.h), the memory that received segments
 * occupy. The only file that knows that option. Loaded only where the transport is epoll or io_uring. Stateless.
 */
final class ReceiveQueue {
    private static final int SOL_SOCKET = 1;
    private static final int SO_MEMINFO = 55;

    /** {@code SK_MEMINFO_VARS} words of 32 bits on Linux 4.12; later kernels have more and fill as many as are asked for. */
    private static final int BYTES = 36;

    private static final RawUnixChannelOption OPTION =
            new RawUnixChannelOption("dev.lastbyte.SO_MEMINFO", SOL_SOCKET, SO_MEMINFO, BYTES);

    private ReceiveQueue() {}

    /** Whether there is something to read; false if the kernel does not answer. */
    static boolean holds(Channel channel) {
        try {
            ByteBuffer words = channel.config().getOption(OPTION);
            return words != null
                    && words.remaining() >= Integer.BYTES
                    && words.order(ByteOrder.nativeOrder()).getInt(words.position()) > 0;
        } catch (ChannelException e) {
            return false;
        }
    }
}
