package dev.lastbyte.drain;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.OptionalHandlers;
import dev.lastbyte.internal.OutboundFlush;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import java.util.NoSuchElementException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * How long a connection has been silent, and so whether it is idle when no exchange is open: nothing is queued, and nothing was sent or
 * received for long enough. Also who spoke last, and so whether the peer may wait for an answer. The kernel is asked for both; where it
 * does not tell, a {@link Watch} in the pipeline notes them from now on. Made for a drain. Confined to the event loop on which the
 * connection began.
 */
final class Silence {
    private static final long FRESH_NANOS = 20_000_000;

    /** The kernel sends an acknowledgement after 200 ms at the latest (TCP_DELACK_MAX), by a clock with ticks of up to 10 ms. */
    private static final long ACK_DELAY_MILLIS = 250;

    /** An acknowledgement that comes later may answer a keep-alive probe, the first of which the kernel sends after 1 s at the earliest. */
    private static final long LATE_ACK_MILLIS = 1000;

    private final ChannelHandlerContext ctx;
    private final SystemView system;
    private long sinceNanos;
    private final @Nullable Watch watch;
    private long nextLookNanos;
    private Answer answer = Answer.UNKNOWN;
    private Answer answerAtEnd = Answer.GIVEN;

    /** Whether the peer may wait for an answer, as far as the order of what was received and sent tells. */
    enum Answer {
        /** The last byte was sent, or none was received. */
        GIVEN,
        /** The last byte was received. */
        OWED,
        /** What came before the watch cannot be known. */
        UNKNOWN,
        /** An exchange is open, or its answer waits in a handler: the close truncates it. */
        TRUNCATED
    }

    /**
     * Begins to look.
     *
     * @param sinceNanos when the connection was accepted: the time that it had to wait for that is no silence of its peer
     * @param unused whether nothing has been received yet
     */
    Silence(ChannelHandlerContext ctx, SystemView system, long sinceNanos, boolean unused, long now) {
        this.ctx = ctx;
        this.system = system;
        this.sinceNanos = sinceNanos;
        nextLookNanos = sinceNanos;
        watch = system.hasTcpInfo(ctx.channel())
                ? null
                : Watch.install(ctx.channel(), system, unused ? Answer.GIVEN : Answer.UNKNOWN, now);
    }

    /**
     * Whether the connection is idle. Looks no earlier than it can be.
     *
     * @param unansweredEndNanos until when an answer that may be owed is waited for
     */
    boolean isIdle(long now, long idleAfterNanos, long unansweredEndNanos) {
        if (now - nextLookNanos < 0 || isOutputWaiting()) {
            return false;
        }
        long left = idleAfterNanos - look(now);
        if (left <= 0 && answer == Answer.OWED && now - unansweredEndNanos < 0) {
            nextLookNanos = DrainEvent.Times.earlier(now + idleAfterNanos, unansweredEndNanos);
            return false;
        }
        nextLookNanos = now + Math.max(0, left);
        return left <= 0;
    }

    /** Whether a connection that was idle still is. Looks again, unless the kernel was asked a moment ago. */
    boolean isStillIdle(long now, long idleAfterNanos, long unansweredEndNanos) {
        boolean fresh = watch == null && now - nextLookNanos < FRESH_NANOS;
        return fresh || isIdle(now, idleAfterNanos, unansweredEndNanos);
    }

    /** Whether output waits in Netty's buffer, in a handler that has stopped the writers, or in a traffic shaper. */
    private boolean isOutputWaiting() {
        Channel channel = ctx.channel();
        boolean shutDown = channel.unsafe().outboundBuffer() == null; // nothing can be written, and so nothing waits
        return OutboundFlush.isPending(ctx)
                || (!channel.isWritable() && !shutDown)
                || OptionalHandlers.isOutputShaped(channel);
    }

    /** Keeps what the last look told for the end of the connection. */
    void ending() {
        answerAtEnd = answer;
    }

    /** Keeps that the end truncates an answer. */
    void truncating() {
        answerAtEnd = Answer.TRUNCATED;
    }

    /** Keeps for the end of the connection what a look tells now. */
    void endingNow(long now) {
        look(now);
        ending();
    }

    /** What was kept; nothing is owed if nothing was. */
    Answer answerAtEnd() {
        return answerAtEnd;
    }

    /** Asks for how long there has been silence, and who spoke last. */
    private long look(long now) {
        Channel channel = ctx.channel();
        TcpInfo info = system.hasTcpInfo(channel) ? system.tcpInfo(channel) : null;
        if (info == null) {
            answer = besidesTls(watch == null ? Answer.UNKNOWN : watch.answer);
            return now - (watch == null ? sinceNanos : watch.lastNanos);
        }
        boolean unread = system.hasUnreadInput(channel);
        answer = besidesTls(unread ? Answer.OWED : answer(info));
        return unread ? 0 : Math.min(info.silentMillis() * 1_000_000, now - sinceNanos);
    }

    private Answer answer(TcpInfo info) {
        return switch (info.lastWord()) {
            case RECEIVED -> Answer.OWED;
            case SENT -> Answer.GIVEN;
            case SAME_TICK -> inSameTick(info);
        };
    }

    /**
     * Who spoke last when both spoke in the same tick of the kernel's clock. A request that nothing answered has made the kernel
     * acknowledge it alone. Input of several segments may have been acknowledged alone in any case: then the peer's acknowledgement in a
     * later tick tells that our bytes were last.
     */
    private Answer inSameTick(TcpInfo info) {
        if (info.silentMillis() < ACK_DELAY_MILLIS || !system.leavesAcksToData(ctx.channel())) {
            return Answer.OWED;
        }
        boolean onlyTheFirst = info.acksAlone() <= 1; // that of the first input, before there was an answer
        long peersAckMillis = info.silentMillis() - info.ackAgeMillis();
        boolean acknowledgedLater = peersAckMillis > 0 && peersAckMillis < LATE_ACK_MILLIS;
        return onlyTheFirst || acknowledgedLater ? Answer.GIVEN : Answer.UNKNOWN;
    }

    /** A handshake that is not finished is no request. */
    private Answer besidesTls(Answer seen) {
        return seen != Answer.GIVEN && OptionalHandlers.isTlsHandshaking(ctx.channel()) ? Answer.GIVEN : seen;
    }

    /** Silence counts from the given moment at the earliest. */
    void stoodStill(long now) {
        sinceNanos = now;
        if (watch != null) {
            watch.lastNanos = now;
        }
    }

    /** Leaves nothing behind in the pipeline. */
    void end() {
        ChannelPipeline pipeline = ctx.pipeline();
        if (watch != null && pipeline.context(watch) != null) {
            pipeline.remove(watch);
        }
    }

    /**
     * Notes when something was last read or written, and which of both. Stands behind the {@link GracefulCloseHandler} while a drain runs. Confined to the
     * channel's event loop.
     */
    static final class Watch extends ChannelDuplexHandler {
        private final SystemView system;
        private volatile long lastNanos; // read on the loop on which the connection began
        private volatile Answer answer;

        private Watch(SystemView system, Answer answer, long now) {
            this.system = system;
            this.answer = answer;
            lastNanos = now;
        }

        private static @Nullable Watch install(Channel channel, SystemView system, Answer answer, long now) {
            ChannelHandlerContext ours = channel.pipeline().context(GracefulCloseHandler.class);
            if (ours == null) {
                return null;
            }
            Watch watch = new Watch(system, answer, now);
            try {
                channel.pipeline().addAfter(ours.name(), null, watch);
                return watch;
            } catch (NoSuchElementException | RejectedExecutionException e) {
                return null; // another thread is taking the handler out, or the channel's event loop is gone
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            lastNanos = system.nanoTime();
            answer = Answer.OWED;
            ctx.fireChannelRead(message);
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            lastNanos = system.nanoTime();
            if (!(message instanceof ByteBuf bytes) || bytes.isReadable()) { // an empty one may be a barrier
                answer = Answer.GIVEN;
            }
            ctx.write(message, promise);
        }
    }
}
