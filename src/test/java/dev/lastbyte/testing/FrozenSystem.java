package dev.lastbyte.testing;

import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import io.netty.channel.Channel;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A system whose time stands still and whose kernel says what the test wants. */
public final class FrozenSystem implements SystemView {
    private long nanos = 1;
    private @Nullable TcpInfo info;
    private boolean unreadInput;
    private boolean leavesAcksToData;
    private SocketTable.@Nullable Row row;
    private @Nullable Consumer<SocketTable.@Nullable Row> asksTable;
    private long nextTableNanos;
    private final ArrayDeque<TcpInfo> next = new ArrayDeque<>();
    private int readings;
    private long stopMillis;

    @Override
    public long nanoTime() {
        return nanos;
    }

    @Override
    public boolean hasTcpInfo(Channel channel) {
        return info != null;
    }

    @Override
    public @Nullable TcpInfo tcpInfo(Channel channel) {
        readings++;
        if (stopMillis > 0) {
            nanos += TimeUnit.MILLISECONDS.toNanos(stopMillis);
            ((EmbeddedDuplexChannel) channel).advanceTimeBy(stopMillis, TimeUnit.MILLISECONDS);
            stopMillis = 0;
        }
        return next.isEmpty() ? info : next.remove();
    }

    /** The kernel gives these answers one after the other, before it says again what it said. */
    public void answers(TcpInfo... infos) {
        next.addAll(List.of(infos));
    }

    /** The process is stopped for so long when the kernel is asked the next time. */
    public void stopInNextReading(long millis) {
        stopMillis = millis;
    }

    /** How often the kernel was asked. */
    public int readings() {
        return readings;
    }

    @Override
    public boolean hasUnreadInput(Channel channel) {
        return unreadInput;
    }

    /** The kernel holds input that no event loop has read yet. */
    public void unreadInput(boolean now) {
        unreadInput = now;
    }

    @Override
    public boolean leavesAcksToData(Channel channel) {
        return leavesAcksToData;
    }

    @Override
    public boolean askTable(Channel channel, Consumer<SocketTable.@Nullable Row> answer) {
        asksTable = row == null ? null : answer;
        return row != null;
    }

    /** The table of sockets, which is read once a second, shows so many bytes unacknowledged. */
    public void table(long unacknowledged) {
        row = new SocketTable.Row(TcpInfo.FIN_WAIT1, unacknowledged);
    }

    private void readTable() {
        Consumer<SocketTable.@Nullable Row> answer = asksTable;
        if (answer != null && nanos - nextTableNanos >= 0) {
            asksTable = null;
            nextTableNanos = nanos + TimeUnit.SECONDS.toNanos(1);
            answer.accept(row);
        }
    }

    /** Lets time pass, for the channel's timers too, in steps of at most 1 ms. */
    public void pass(EmbeddedDuplexChannel channel, long millis) {
        for (long i = 0; i < millis; i++) {
            nanos += TimeUnit.MILLISECONDS.toNanos(1);
            readTable();
            channel.pass(1);
        }
    }

    /**
     * The process is stopped for so long, just before its timers run. Meanwhile the kernel has got input: it waits until the event loop
     * has its next turn of input and output, and has asked for it.
     */
    public void stop(EmbeddedDuplexChannel channel, long millis, int input) {
        stop(channel, millis, () -> channel.deliver(input));
    }

    /** The process is stopped for so long, just before its timers run; then comes the event loop's turn of input and output. */
    public void stop(EmbeddedDuplexChannel channel, long millis, Runnable turn) {
        nanos += TimeUnit.MILLISECONDS.toNanos(millis);
        channel.stop(millis, turn);
    }

    /** Lets a millisecond pass, for nobody's timers. */
    public void tick() {
        nanos += TimeUnit.MILLISECONDS.toNanos(1);
    }

    /** The kernel says when the connections were last used, and that all they wrote has arrived. */
    public void silentFor(long millis) {
        silentFor(millis, TcpInfo.LastWord.SENT);
    }

    /** The same, and who spoke last. */
    public void silentFor(long millis, TcpInfo.LastWord lastWord) {
        info = new TcpInfo(TcpInfo.FIN_WAIT2, 1, 0, 0, 0, 1000, millis, 0, 0, lastWord, 0);
    }

    /**
     * The kernel says: the last bytes were received and sent in the same tick.
     *
     * @param leavesAcksToData whether no acknowledgement had to go alone since
     * @param acksAlone how many ever went alone
     * @param ackAgeMillis when the peers' last acknowledgement came
     */
    public void sameTick(long millis, boolean leavesAcksToData, long acksAlone, long ackAgeMillis) {
        this.leavesAcksToData = leavesAcksToData;
        info = new TcpInfo(
                TcpInfo.FIN_WAIT2, 1, 0, 0, 0, 1000, millis, 0, ackAgeMillis, TcpInfo.LastWord.SAME_TICK, acksAlone);
    }

    /** The kernel says: so many bytes written, so many acknowledged, in this state. A channel without parent has sent a SYN. */
    public void kernel(int state, long written, long acked) {
        info = new TcpInfo(
                state, acked + 1, 0, written, 0, 1000, 0, acked < written ? 1 : 0, 0, TcpInfo.LastWord.SENT, 0);
    }

    /** The same, the last acknowledgement having come so long ago. */
    public void kernel(int state, long written, long acked, long ackAgeMillis) {
        info = new TcpInfo(
                state,
                acked + 1,
                0,
                written,
                0,
                1000,
                0,
                acked < written ? 1 : 0,
                ackAgeMillis,
                TcpInfo.LastWord.SENT,
                0);
    }
}
