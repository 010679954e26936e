package dev.lastbyte.internal;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.util.AttributeKey;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * One reading of the kernel's {@code struct tcp_info} (linux/tcp.h, tcp(7)). Netty's own {@code tcpInfo()} stops before the fields
 * that tell delivery. No other file knows the layout, but for the one field that means something else on a listener ({@code
 * AcceptQueue}). Immutable.
 *
 * @param state TCP state as in the kernel's tcp_states.h
 * @param bytesAcked bytes acknowledged by the peer; a FIN counts one, and so does the SYN of a connecting socket
 * @param notSent bytes in the send queue that have not been sent yet
 * @param bytesSent payload bytes sent, including retransmissions
 * @param bytesRetransmitted payload bytes that were retransmissions
 * @param rttMicros smoothed round-trip time
 * @param silentMillis time since payload was last sent or received, or since the connection was established
 * @param segmentsOut segments sent and not acknowledged
 * @param ackAgeMillis time since the last acknowledgement arrived
 * @param lastWord whether payload was received or sent last
 * @param acksAlone segments sent without payload: acknowledgements that no data carried, and probes
 */
public record TcpInfo(
        int state,
        long bytesAcked,
        long notSent,
        long bytesSent,
        long bytesRetransmitted,
        long rttMicros,
        long silentMillis,
        int segmentsOut,
        long ackAgeMillis,
        LastWord lastWord,
        long acksAlone) {
    private static final Logger LOG = Loggers.of(TcpInfo.class);

    public static final int FIN_WAIT1 = 4;
    public static final int FIN_WAIT2 = 5;
    public static final int TIME_WAIT = 6;
    public static final int CLOSE = 7;
    public static final int CLOSE_WAIT = 8;
    public static final int LAST_ACK = 9;
    public static final int CLOSING = 11;

    /** Which payload came last, as far as the kernel's clock tells. */
    public enum LastWord {
        RECEIVED,
        /** Also if none was ever received. */
        SENT,
        /** Both in the same tick of the kernel's clock, which is 1 to 10 ms. */
        SAME_TICK
    }

    /** What is asked of the running kernel. Loaded only where the transport is epoll or io_uring. */
    private static final class Kernel {
        /** Older kernels leave {@code bytes_sent} at 0. */
        static final boolean COUNTS_PAYLOAD = countsPayload(System.getProperty("os.version", ""));

        static final int SIZE = 256;
        /** Its type is named nowhere else: the verifier would look for it there. */
        static final ChannelOption<ByteBuffer> OPTION = new RawUnixChannelOption("dev.lastbyte.TCP_INFO", 6, 11, SIZE);
    }

    private static boolean countsPayload(String kernel) {
        boolean counts = isAtLeast(kernel, 4, 19);
        if (!counts) {
            LOG.debug("kernel {} is older than 4.19: what is acknowledged stays unknown", kernel);
        }
        return counts;
    }

    /** Whether a kernel's version as the system prints it is this one or newer; false if it cannot be read. */
    public static boolean isAtLeast(String version, int major, int minor) {
        Matcher matcher = Pattern.compile("(\\d{1,6})\\.(\\d{1,6}).*").matcher(version);
        if (!matcher.matches()) {
            return false;
        }
        int first = Integer.parseInt(matcher.group(1));
        return first > major || (first == major && Integer.parseInt(matcher.group(2)) >= minor);
    }

    /** Reads the channel's counters, or returns null if it is closed or the kernel does not answer. */
    public static @Nullable TcpInfo read(Channel channel) {
        if (!channel.isOpen()) {
            return null; // its descriptor may be another connection's by now
        }
        try {
            ByteBuffer raw = channel.config().getOption(Kernel.OPTION);
            return raw == null || raw.remaining() < Kernel.SIZE ? null : parse(raw);
        } catch (ChannelException e) {
            return null;
        }
    }

    /** Takes the fields out of the struct. */
    public static TcpInfo parse(ByteBuffer raw) {
        ByteBuffer info = raw.order(ByteOrder.nativeOrder());
        long sentMillis = Integer.toUnsignedLong(info.getInt(44));
        long receivedMillis = Integer.toUnsignedLong(info.getInt(52));
        return new TcpInfo(
                Byte.toUnsignedInt(info.get(0)),
                info.getLong(120),
                Integer.toUnsignedLong(info.getInt(144)),
                info.getLong(200),
                info.getLong(208),
                Integer.toUnsignedLong(info.getInt(68)),
                Math.min(sentMillis, receivedMillis),
                info.getInt(24),
                Integer.toUnsignedLong(info.getInt(56)),
                lastWord(info.getLong(128), sentMillis, receivedMillis),
                Integer.toUnsignedLong(info.getInt(136) - info.getInt(156)));
    }

    private static LastWord lastWord(long bytesReceived, long sentMillis, long receivedMillis) {
        if (bytesReceived == 0 || sentMillis < receivedMillis) {
            return LastWord.SENT;
        }
        return sentMillis == receivedMillis ? LastWord.SAME_TICK : LastWord.RECEIVED;
    }

    /** Whether this side's FIN waits for the peer's acknowledgement, and counts as a byte until then. */
    public static boolean isFinUnacknowledged(int state) {
        return state == FIN_WAIT1 || state == LAST_ACK || state == CLOSING;
    }

    /**
     * Whether a close with SO_LINGER 0 sends a reset ({@code tcp_disconnect}, net/ipv4/tcp.c): not once both sides have ended and all is
     * sent.
     */
    public boolean resetsOnClose() {
        boolean ended = state == LAST_ACK || state == CLOSING;
        return state != CLOSE && state != TIME_WAIT && (!ended || notSent > 0);
    }

    /**
     * Whether the connection was reset or given up. The state CLOSE is also the end of one that both sides have ended in order; then our
     * FIN has been acknowledged behind everything else.
     */
    public boolean isLost(long syn) {
        long fin = 1;
        return state == CLOSE && bytesAcked < written() + syn + fin;
    }

    /** How many of the bytes acknowledged are our SYN: a socket that connected has sent one, an accepted one has not. */
    public static long syn(Channel channel) {
        return channel.parent() == null ? 1 : 0;
    }

    /** Whether the payload counters can be trusted: the kernel has them, and no more is acknowledged than was sent. */
    public boolean countsPayload(long syn) {
        long fin = 1;
        return (Kernel.COUNTS_PAYLOAD || bytesSent > 0) && bytesAcked <= bytesSent + syn + fin;
    }

    /** Bytes that the application has handed to the kernel; meaningful until the FIN is queued. */
    public long written() {
        return bytesSent - bytesRetransmitted + notSent;
    }

    /**
     * Hears what the kernel says about a connection's output each time a close asks. A channel has one at most. Confined to the
     * channel's event loop.
     */
    public interface Listener {
        /** Where it is left with its channel. */
        AttributeKey<Listener> KEY = AttributeKey.valueOf(Listener.class, "channel");

        /**
         * A close has asked the kernel.
         *
         * @param delivered whether the peer's TCP has acknowledged everything that was ever written
         */
        void seen(TcpInfo info, boolean delivered);

        /** Leaves the channel's listener where a close finds it. */
        static void leave(Channel channel, Listener listener) {
            channel.attr(KEY).set(listener);
        }

        /** The channel's listener, or null if it has none. */
        static @Nullable Listener of(Channel channel) {
            return channel.hasAttr(KEY) ? channel.attr(KEY).get() : null;
        }
    }
}
