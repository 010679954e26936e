package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.RawUnixChannelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * One reading of the kernel's {@code struct tcp_info} (linux/tcp.h, tcp(7)): the only file that knows its layout, but for the one
 * field that means something else on a listener ({@link AcceptQueue}). Netty's
 * own {@code tcpInfo()} stops before the fields that tell delivery. Loaded only where the transport is epoll or io_uring.
 * Immutable.
 *
 * @param state TCP state as in the kernel's tcp_states.h
 * @param bytesAcked bytes acknowledged by the peer; a FIN counts one, and so does the SYN of a connecting socket
 * @param notSent bytes in the send queue that have not been sent yet
 * @param bytesSent payload bytes sent, repeats included
 * @param bytesRetransmitted payload bytes that were repeats
 * @param rttMicros smoothed round-trip time
 * @param silentMillis time since payload was last sent or received, or since the connection was established
 * @param segmentsOut segments sent and not acknowledged
 * @param ackAgeMillis time since the last acknowledgement came
 */
record TcpInfo(
        int state,
        long bytesAcked,
        long notSent,
        long bytesSent,
        long bytesRetransmitted,
        long rttMicros,
        long silentMillis,
        int segmentsOut,
        long ackAgeMillis) {
    static final int FIN_WAIT1 = 4;
    static final int FIN_WAIT2 = 5;
    static final int CLOSE = 7;
    static final int CLOSE_WAIT = 8;
    static final int LAST_ACK = 9;
    static final int CLOSING = 11;

    /** Older kernels leave {@code bytes_sent} at 0. */
    private static final boolean KERNEL_COUNTS_PAYLOAD = LinuxVersion.isAtLeast(4, 19, "what is acknowledged");

    private static final int SIZE = 256;
    private static final RawUnixChannelOption OPTION = new RawUnixChannelOption("dev.lastbyte.TCP_INFO", 6, 11, SIZE);

    /** Reads the channel's counters, or returns null if it is closed or the kernel does not answer. */
    static @Nullable TcpInfo read(Channel channel) {
        if (!channel.isOpen()) {
            return null; // its descriptor may be another connection's by now
        }
        try {
            ByteBuffer raw = channel.config().getOption(OPTION);
            return raw == null || raw.remaining() < SIZE ? null : parse(raw);
        } catch (ChannelException e) {
            return null;
        }
    }

    static TcpInfo parse(ByteBuffer raw) {
        ByteBuffer info = raw.order(ByteOrder.nativeOrder());
        return new TcpInfo(
                Byte.toUnsignedInt(info.get(0)),
                info.getLong(120),
                Integer.toUnsignedLong(info.getInt(144)),
                info.getLong(200),
                info.getLong(208),
                Integer.toUnsignedLong(info.getInt(68)),
                Math.min(Integer.toUnsignedLong(info.getInt(44)), Integer.toUnsignedLong(info.getInt(52))),
                info.getInt(24),
                Integer.toUnsignedLong(info.getInt(56)));
    }

    /** How many of the bytes acknowledged are our SYN: a socket that connected has sent one, an accepted one has not. */
    static long syn(Channel channel) {
        return channel.parent() == null ? 1 : 0;
    }

    /** Whether the counters of payload can be trusted: the kernel has them, and no more is acknowledged than was sent. */
    boolean countsPayload(long syn) {
        long fin = 1;
        return (KERNEL_COUNTS_PAYLOAD || bytesSent > 0) && bytesAcked <= bytesSent + syn + fin;
    }

    /** Bytes the application has handed to the kernel; meaningful until the FIN is queued. */
    long written() {
        return bytesSent - bytesRetransmitted + notSent;
    }
}
