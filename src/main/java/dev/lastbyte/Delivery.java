package dev.lastbyte;

import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.internal.TransportKind;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/**
 * Knows whether the peer's TCP has acknowledged everything written to one connection, where that can be known.
 *
 * <p>What proves delivery: no write failed, our FIN was accepted, and {@code bytes_acked} has reached the bytes written plus
 * the sequence numbers of FIN and (where this side connected) SYN. {@code tcpi_unacked == 0}, the state CLOSE, or an EOF
 * alone prove nothing. A Unix domain socket has nothing in flight: what was written lies in the peer's receive queue. Where the
 * transport tells nothing, the kernel's table of sockets may: not whether our FIN has arrived, but whether bytes are unacknowledged.
 *
 * <p>Confined to the channel's event loop.
 */
final class Delivery {
    private enum Source {
        TCP_INFO,
        UNIX_SOCKET,
        NONE
    }

    private static final Delivery DELIVERED = new Delivery(false);
    private static final Delivery DELIVERED_TO_ONE_THAT_HAD_ENDED = new Delivery(true);

    private final TcpInfo.@Nullable Listener awaited;
    private Source source;
    private long expectedAcks = -1;
    private long lastAcked = -1;
    private int lastQueued = -1; // the bytes that the table of sockets showed as unacknowledged
    private boolean delivered;
    private boolean lost;
    private boolean finQueued;
    private boolean peerEndedFirst;
    private boolean progressed;
    private boolean asking; // the table of sockets, which has not answered yet
    private boolean tableFails;
    private boolean tableShowsAll;

    Delivery(Channel channel, SystemView system) {
        awaited = TcpInfo.Listener.of(channel);
        if (system.hasTcpInfo(channel)) {
            source = Source.TCP_INFO;
        } else {
            source = TransportKind.of(channel).isUnixSocket() ? Source.UNIX_SOCKET : Source.NONE;
        }
    }

    private Delivery(boolean peerEndedFirst) {
        awaited = null;
        source = Source.TCP_INFO;
        delivered = true;
        this.peerEndedFirst = peerEndedFirst;
    }

    /** Whether {@link #isDelivered()} can ever become true. */
    boolean canTell() {
        return source != Source.NONE;
    }

    /**
     * Notes how much has been written. To be called when the last byte is in the kernel and, because a queued FIN counts as
     * a byte not sent, before the FIN.
     *
     * @param finFollows whether our FIN is sent next and must be acknowledged too
     */
    void markWritten(Channel channel, SystemView system, boolean finFollows) {
        if (source != Source.TCP_INFO) {
            delivered = source == Source.UNIX_SOCKET && !finFollows;
            return;
        }
        TcpInfo info = system.tcpInfo(channel);
        long syn = TcpInfo.syn(channel);
        if (info == null || !info.countsPayload(syn)) {
            source = Source.NONE;
            return;
        }
        expectedAcks = info.written() + syn + (finFollows ? 1 : 0);
        peerEndedFirst = info.state() == TcpInfo.CLOSE_WAIT;
        take(info);
    }

    /** Notes that our FIN has been accepted by the kernel. */
    void markFin() {
        finQueued = true;
        if (source == Source.UNIX_SOCKET) {
            delivered = true;
        }
    }

    /** Gives up: what was written before is not known. */
    void cannotTell() {
        source = Source.NONE;
    }

    /** Asks the kernel again; returns what it said, or null if it was not asked or did not answer. */
    @Nullable
    TcpInfo poll(Channel channel, SystemView system) {
        if (source != Source.TCP_INFO || delivered || lost) {
            if (progressed) { // one that is settled belongs to many, and is not written to
                progressed = false;
            }
            return null;
        }
        progressed = false;
        TcpInfo info = system.tcpInfo(channel);
        if (info != null) {
            take(info);
        }
        return info;
    }

    private void take(TcpInfo info) {
        progressed = lastAcked >= 0 && info.bytesAcked() > lastAcked;
        lastAcked = info.bytesAcked();
        if (expectedAcks >= 0) {
            // FIN_WAIT2 says the same; bytes_sent may count a segment twice that a full local queue dropped.
            delivered = lastAcked >= expectedAcks || (finQueued && info.state() == TcpInfo.FIN_WAIT2);
            lost = !delivered && info.state() == TcpInfo.CLOSE;
        }
        if (awaited != null) {
            awaited.seen(info, delivered);
        }
    }

    /** Whether the peer's TCP has everything. */
    boolean isDelivered() {
        return delivered;
    }

    /** Whether no byte is waiting for an acknowledgement, as far as the kernel has said. */
    boolean isAcknowledged() {
        return delivered || tableShowsAll;
    }

    // ---- the table of sockets, where nothing else tells ------------------------------------------------------------

    /** Whether the table should be asked for the first time when the connection has been silent for long enough. */
    boolean wantsFirstTable() {
        return mayAskTable() && lastQueued < 0;
    }

    /** Whether the table should be asked now. Once it has shown unacknowledged bytes, it is asked whenever it has answered. */
    boolean wantsTable(boolean silent) {
        return mayAskTable() && (silent || lastQueued >= 0);
    }

    private boolean mayAskTable() {
        return source == Source.NONE && !asking && !tableFails && !tableShowsAll;
    }

    /** The table was asked; it answers only if there is one. */
    void asked(boolean willAnswer) {
        asking = willAnswer;
        tableFails = !willAnswer;
    }

    /**
     * The table has answered; returns whether there was progress since its last answer.
     *
     * @param row null if the table does not show the connection
     * @param written whether the kernel has everything, so that what it has not acknowledged is all there is
     */
    boolean shown(SocketTable.@Nullable Row row, boolean written) {
        asking = false;
        if (row == null) {
            tableFails = true;
            return false;
        }
        int queued = (int) Math.min(Integer.MAX_VALUE, row.unacknowledged());
        boolean changed = lastQueued >= 0 && queued != lastQueued;
        lastQueued = queued;
        tableShowsAll = written && lastQueued == 0;
        return changed;
    }

    /** The same knowledge for good: once everything has arrived, nothing is learnt any more, and many can share what is known. */
    Delivery settled() {
        if (!delivered || source != Source.TCP_INFO) {
            return this;
        }
        return peerEndedFirst ? DELIVERED_TO_ONE_THAT_HAD_ENDED : DELIVERED;
    }

    /** Whether an EOF that is read after our FIN is known to have come after it: the peer had not ended its side before. */
    boolean tellsOrder() {
        return source == Source.TCP_INFO && !peerEndedFirst;
    }

    /** Whether the connection is over in the kernel with bytes unacknowledged: it was reset or given up. */
    boolean isLost() {
        return lost;
    }

    /**
     * Whether the peer's TCP had every byte, our FIN apart, when last looked at: a reset that came later lost none. Not on a Unix
     * domain socket, where a reset says that the peer has left its receive queue unread.
     */
    boolean hadEverything(boolean finCounted) {
        return source == Source.TCP_INFO && unacknowledged(finCounted) == 0;
    }

    /** Whether the last {@link #poll} saw more acknowledged than the one before. */
    boolean progressed() {
        return progressed;
    }

    /** Payload bytes not acknowledged when last looked at, -1 where unknown. */
    long unacknowledged(boolean finCounted) {
        if (delivered) {
            return 0;
        }
        if (expectedAcks < 0 || lastAcked < 0) {
            return -1;
        }
        return Math.max(0, expectedAcks - lastAcked - (finCounted ? 1 : 0));
    }

    @Override
    public String toString() {
        return source + (delivered ? " delivered" : lost ? " lost" : " pending");
    }
}
