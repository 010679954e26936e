package dev.lastbyte.internal;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.RawUnixChannelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the library asks of its surroundings: the time, and the kernel's view of a connection. Thread-safe. */
public interface SystemView {
    /** The running system. */
    SystemView REAL = new SystemView() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public boolean hasTcpInfo(Channel channel) {
            return TransportKind.of(channel).hasTcpOptions();
        }

        @Override
        public @Nullable TcpInfo tcpInfo(Channel channel) {
            return TcpInfo.read(channel);
        }

        @Override
        public boolean hasUnreadInput(Channel channel) {
            return TransportKind.of(channel).hasTcpOptions() && ReceiveQueue.hasInput(channel);
        }

        @Override
        public boolean leavesAcksToData(Channel channel) {
            return TransportKind.of(channel).hasTcpOptions() && QuickAck.isOff(channel);
        }

        @Override
        public boolean askTable(Channel channel, Consumer<SocketTable.@Nullable Row> answer) {
            SocketTable.Ends ends = SocketTable.Ends.of(channel);
            if (ends == null || !SocketSamples.SYSTEM.canTell()) {
                return false;
            }
            SocketSamples.SYSTEM.askAtLeisure(ends).thenAccept(answer);
            return true;
        }
    };

    /** Monotonic time in nanoseconds. */
    long nanoTime();

    /** Whether {@link #tcpInfo} can be asked about the channel. */
    boolean hasTcpInfo(Channel channel);

    /** The kernel's counters of a connection, or null if it does not answer. */
    @Nullable
    TcpInfo tcpInfo(Channel channel);

    /**
     * Asks the kernel's table of sockets about a TCP connection, together with all others that ask within a second. The answer comes
     * from another thread; it is null if the table does not show the connection.
     *
     * @return false if there is no answer to be had
     */
    boolean askTable(Channel channel, Consumer<SocketTable.@Nullable Row> answer);

    /** Whether the kernel holds input that has not been read; false where it does not tell. */
    boolean hasUnreadInput(Channel channel);

    /**
     * Whether the kernel holds an acknowledgement back for data to carry it. It begins with the first answer within 40 ms, and ends when no
     * data came within 200 ms and the acknowledgement had to go alone. False where the kernel does not tell.
     */
    boolean leavesAcksToData(Channel channel);

    /** The kernel's pingpong mode, which TCP_QUICKACK tells (tcp(7)). Loaded only where the transport is epoll or io_uring. Stateless. */
    final class QuickAck {
        private static final int TCP = 6;
        private static final int TCP_QUICKACK = 12;
        private static final RawUnixChannelOption OPTION =
                new RawUnixChannelOption("dev.lastbyte.TCP_QUICKACK", TCP, TCP_QUICKACK, Integer.BYTES);

        private QuickAck() {}

        private static boolean isOff(Channel channel) {
            try {
                ByteBuffer on = channel.config().getOption(OPTION);
                return on != null
                        && on.remaining() == Integer.BYTES
                        && on.order(ByteOrder.nativeOrder()).getInt(on.position()) == 0;
            } catch (ChannelException e) {
                return false;
            }
        }
    }

    /**
     * Input that waits in the kernel: the first word of SO_MEMINFO (linux/sock_diag.h), the memory that received segments occupy. No
     * other file knows that option. Loaded only where the transport is epoll or io_uring. Stateless.
     */
    final class ReceiveQueue {
        private static final int SOL_SOCKET = 1;
        private static final int SO_MEMINFO = 55;

        /** {@code SK_MEMINFO_VARS} words of 32 bits on Linux 4.12; later kernels have more and fill as many as are asked for. */
        private static final int BYTES = 36;

        private static final RawUnixChannelOption OPTION =
                new RawUnixChannelOption("dev.lastbyte.SO_MEMINFO", SOL_SOCKET, SO_MEMINFO, BYTES);

        private ReceiveQueue() {}

        private static boolean hasInput(Channel channel) {
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
}
