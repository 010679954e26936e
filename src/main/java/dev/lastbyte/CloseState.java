package dev.lastbyte;

import dev.lastbyte.internal.TcpInfo;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.EventExecutor;
import java.util.OptionalLong;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * What the steps of one close share. It is the part of {@link CloseSequence} that holds the facts, not an object of its own, for
 * tens of thousands of closes may wait at once. Confined to the channel's event loop.
 */
abstract class CloseState extends LoopTimer.Entry {
    final CloseTerms terms;
    final DiscardLimits limits;
    final CloseEnd end;
    final @Nullable TlsWatch tls;

    /** What of it has arrived. */
    DeliveryWatch delivery;

    /** How input is being read. */
    DiscardPump.State input = DiscardPump.State.OFF;

    DiscardPump.@Nullable Meter meter;

    /** Where there is no TLS session to wait for. */
    @Nullable
    HandshakeSweep sweep;

    /** The peer has ended its side. */
    boolean eofSeen;

    /** Our FIN is queued in the kernel. */
    boolean finSent;

    /** Should the transport close the channel now, the peer gets a reset. */
    boolean resetArmed;

    private @Nullable OutboundFlush flush; // while output is on its way to the kernel
    private ChannelHandlerContext ctx;
    private boolean cutOff;

    CloseState(ChannelHandlerContext ctx, CloseTerms terms) {
        this.ctx = ctx;
        this.terms = terms;
        ctx.channel().remoteAddress(); // which the channel keeps, and the socket does not once it is closed
        long now = now();
        delivery = new DeliveryWatch(ctx.channel(), terms.system());
        limits = new DiscardLimits(terms.config(), now);
        end = new CloseEnd(now);
        tls = TlsWatch.of(ctx);
    }

    /** Where the close stands in the pipeline. */
    ChannelHandlerContext ctx() {
        return ctx;
    }

    /** It has got a place of its own. */
    void placed(ChannelHandlerContext own) {
        ctx = own;
    }

    /** From now on the application gets no input, and its writes fail. */
    void cutOff() {
        cutOff = true;
    }

    boolean isCutOff() {
        return cutOff;
    }

    Channel channel() {
        return ctx.channel();
    }

    GracefulCloseConfig config() {
        return terms.config();
    }

    long now() {
        return terms.system().nanoTime();
    }

    // ---- the timer -------------------------------------------------------------------------------------------------

    /** Wakes the close at the given moment, or earlier. */
    void armAt(long nanos) {
        LoopTimer.arm(this, nanos, ctx.executor(), terms.system());
    }

    @Override
    public void onDue() {
        EventExecutor loop = ctx.executor();
        if (loop.inEventLoop()) {
            onTimer();
            return;
        }
        try {
            loop.execute(this::onTimer); // the channel has moved to another event loop
        } catch (RejectedExecutionException e) {
            CloseLog.LOG.debug("{} has an event loop that does not run any more", channel());
        }
    }

    abstract void onTimer();

    // ---- what is known ---------------------------------------------------------------------------------------------

    /** The way of what was written into the kernel. */
    OutboundFlush flush() {
        OutboundFlush known = flush;
        if (known == null) {
            known = new OutboundFlush(ctx);
            flush = known;
        }
        return known;
    }

    /** The last byte is in the kernel: notes how much has been written, and whether our FIN must be acknowledged too. */
    void markWritten(boolean finFollows) {
        delivery.markWritten(channel(), terms.system(), finFollows);
    }

    /** The FIN is in the kernel behind the last byte. */
    void markFin() {
        flush = null;
        finSent = true;
        delivery.markFin();
    }

    /** Asks the kernel how far the peer's acknowledgements have come. */
    void look(long now) {
        TcpInfo seen = delivery.poll(channel(), terms.system());
        if (seen != null) {
            limits.rtt(seen.rttMicros());
        }
        if (delivery.progressed()) {
            limits.outbound(config(), now);
        }
        if (delivery.isDelivered()) {
            limits.delivered(config(), seen == null ? now : now - seen.ackAgeMillis() * 1_000_000, now);
            delivery = delivery.settled();
        }
    }

    boolean isReading() {
        return input == DiscardPump.State.READING;
    }

    boolean isPaused() {
        return input == DiscardPump.State.PAUSED;
    }

    /** When a pause is over; 0 if nothing has been read. */
    long resumeNanos() {
        DiscardPump.Meter known = meter;
        return known == null ? 0 : known.resumeNanos();
    }

    /** How much input was read and dropped. */
    long discardedBytes() {
        DiscardPump.Meter known = meter;
        return known == null ? 0 : known.discardedBytes();
    }

    /**
     * Whether the strategy waits for the peer's acknowledgements, and can. Not once the peer has ended its side where that
     * would cost the event loop a whole core.
     */
    boolean awaitsDelivery() {
        return config().strategy().awaitsDelivery()
                && delivery.canTell()
                && !(eofSeen && NettyGuard.spinsWhenHalfClosed(channel()));
    }

    /** Bytes that have not reached the kernel or, where it tells, the peer's TCP. */
    long pendingBytes() {
        return end.isFlushed() ? Math.max(0, delivery.unacknowledged(finSent)) : OutboundFlush.pendingBytes(ctx);
    }

    /** How the peer ended its TLS stream, or null without TLS. */
    @Nullable
    TlsEnd tlsEnd() {
        return tls == null ? null : tls.end(eofSeen && !end.isReset() && !delivery.isLost());
    }

    /**
     * How many of the dropped bytes were the application's, at least: all of them in clear text; under TLS those of its records,
     * as they came; empty if that cannot be told.
     */
    OptionalLong applicationBytes() {
        return tls == null ? OptionalLong.of(discardedBytes()) : tls.applicationBytes();
    }
}
