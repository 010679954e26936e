package dev.lastbyte.bench.drain;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseReport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * The connections of a server that are closed all at once, and how they end. Confined to one event loop, but for the
 * latch.
 */
final class HeldConnections {
    private static final int PORTION = 256;

    private final List<Channel> channels = new ArrayList<>();
    private final List<ChannelPromise> promises = new ArrayList<>();
    private final CountDownLatch allEnded;
    private long closeTimeoutNanos;
    private long deadlineNanos;
    private boolean hasDeadline;
    private long worstLateNanos = Long.MIN_VALUE;
    private long unacknowledged;
    private long early;

    HeldConnections(int expected) {
        allEnded = new CountDownLatch(expected);
    }

    void add(Channel channel) {
        channels.add(channel);
        promises.add(
                channel.newPromise()); // the caller's, who has one for a plain close too: it is there before any is
        // closed
    }

    EventLoop loop() {
        return channels.get(0).eventLoop();
    }

    /** Writes so many bytes to each, and closes it; in portions, for what happens on the way has to be handled too. */
    Future<?> closeAll(int bytes) {
        Promise<Void> done = loop().newPromise();
        ByteBuf answer = Unpooled.directBuffer(Math.max(1, bytes)).writeZero(bytes);
        loop().execute(() -> closePortion(0, answer, done));
        return done;
    }

    private void closePortion(int from, ByteBuf answer, Promise<Void> done) {
        int to = Math.min(channels.size(), from + PORTION);
        for (int i = from; i < to; i++) {
            if (answer.isReadable()) {
                channels.get(i).writeAndFlush(answer.retainedDuplicate());
            }
            channels.get(i).close(promises.get(i));
        }
        if (to < channels.size()) {
            loop().execute(() -> closePortion(to, answer, done));
        } else {
            answer.release();
            done.setSuccess(null);
        }
    }

    /** Each has to have ended so long after its own {@code close()}. */
    void expectTimeout(long nanos) {
        closeTimeoutNanos = nanos;
    }

    /** All have to have ended by then. */
    void expectDeadline(long nanos) {
        deadlineNanos = nanos;
        hasDeadline = true;
    }

    void ended(CloseReport report) {
        long late = hasDeadline
                ? System.nanoTime() - deadlineNanos
                : report.totalTime().toNanos() - closeTimeoutNanos;
        worstLateNanos = Math.max(worstLateNanos, late);
        if (report.cause() != CloseCause.DEADLINE && report.cause() != CloseCause.DRAIN_DEADLINE) {
            early++;
        }
        if (report.unacknowledgedBytes().orElse(0) > 0) {
            unacknowledged++;
        }
        allEnded.countDown();
    }

    /** How many have not ended; from any thread. */
    long open() {
        return allEnded.getCount();
    }

    CountDownLatch allEnded() {
        return allEnded;
    }

    double worstLateMillis() {
        return worstLateNanos / 1e6;
    }

    /** How many ended for another reason than the deadline. */
    long early() {
        return early;
    }

    /** How many ended with bytes that the peer had not acknowledged, as the kernel says where it can be asked. */
    long unacknowledged() {
        return unacknowledged;
    }
}
