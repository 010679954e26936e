package dev.lastbyte.tcp;

import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/**
 * What one reading of the kernel's counters says about the payload of a connection, without SYN and FIN. Immutable.
 *
 * @param state TCP state as in the kernel's tcp_states.h
 * @param acknowledged bytes that the peer's TCP has acknowledged since the start
 * @param inFlight bytes sent and not acknowledged; when the connection is over, those that were lost or are not known to have
 *     arrived
 * @param unsent bytes in the kernel that have not been sent
 * @param rttNanos smoothed round-trip time, 0 where there was none to measure
 */
record SentBytes(int state, long acknowledged, long inFlight, long unsent, long rttNanos) {
    /** Asks the kernel; null where it does not answer, or does not count payload. */
    static @Nullable SentBytes read(Channel channel, SystemView system) {
        TcpInfo info = system.tcpInfo(channel);
        if (info == null) {
            return null;
        }
        SentBytes bytes = of(info, TcpInfo.syn(channel));
        if (bytes == null || bytes.inFlight == 0 || info.segmentsOut() > 0 || bytes.isOver()) {
            return bytes;
        }
        // Nothing is in flight, but the counters differ: bytes_sent counts what a full local queue dropped, and counts
        // it again
        // when it is sent. Or a reset has just emptied the queue: the state is read before the counters, so a second
        // look tells.
        TcpInfo again = system.tcpInfo(channel);
        if (again == null || again.state() == TcpInfo.CLOSE) {
            return again == null ? null : of(again, TcpInfo.syn(channel));
        }
        return new SentBytes(bytes.state, bytes.acknowledged, 0, bytes.unsent, bytes.rttNanos);
    }

    /** The same from a reading at hand; null where the kernel does not count payload. */
    static @Nullable SentBytes of(TcpInfo info, long syn) {
        if (!info.countsPayload(syn)) {
            return null;
        }
        long sent = info.bytesSent() - info.bytesRetransmitted();
        long acknowledged = Math.max(0, Math.min(info.bytesAcked() - syn, sent)); // not more: that would be the FIN
        long fin = info.notSent() > 0 && TcpInfo.isFinUnacknowledged(info.state()) ? 1 : 0;
        return new SentBytes(
                info.state(), acknowledged, sent - acknowledged, info.notSent() - fin, info.rttMicros() * 1000);
    }

    /** Bytes in the kernel, sent or not, that the peer's TCP has not acknowledged. */
    long unacknowledged() {
        return inFlight + unsent;
    }

    /** The place in the stream after the last byte that the kernel has. */
    long end() {
        return acknowledged + unacknowledged();
    }

    /** Whether the connection is over in the kernel: what is unacknowledged then will never be acknowledged. */
    boolean isOver() {
        return state == TcpInfo.CLOSE;
    }
}
