package dev.lastbyte;

import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** What a close asks of its surroundings: the time, and the kernel's view of a connection. Thread-safe. */
interface SystemView {
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
            return TransportKind.of(channel).hasTcpOptions() && ReceiveQueue.holds(channel);
        }
    };

    /** Monotonic time in nanoseconds. */
    long nanoTime();

    /** Whether {@link #tcpInfo} can be asked about the channel. */
    boolean hasTcpInfo(Channel channel);

    /** The kernel's counters of a connection, or null if it does not answer. */
    @Nullable
    TcpInfo tcpInfo(Channel channel);

    /** Whether the kernel holds input that has not been read; false where it does not tell. */
    boolean hasUnreadInput(Channel channel);
}
