package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What the steps of one close share. Confined to the channel's event loop. */
final class CloseState {
    final ChannelHandlerContext ctx;
    final Channel channel;
    final CloseTerms terms;
    final GracefulCloseConfig config;
    final CloseSequence sequence;
    final CloseTimer timer;
    final HalfClosure halfClosure;
    final CloseWatch watch;
    final DeliveryWatch delivery;
    final DiscardPump pump;
    final CloseEnd end;
    final @Nullable TlsWatch tls;

    /** The peer has ended its side. */
    boolean eofSeen;

    /** Our FIN is queued in the kernel. */
    boolean finSent;

    private boolean discardInstalled;

    CloseState(ChannelHandlerContext ctx, CloseTerms terms, CloseSequence sequence) {
        this.ctx = ctx;
        this.terms = terms;
        config = terms.config();
        this.sequence = sequence;
        channel = ctx.channel();
        timer = new CloseTimer(ctx, terms.system(), sequence::onTimer);
        halfClosure = new HalfClosure(channel);
        long now = timer.now();
        watch = new CloseWatch(ctx, config, terms.system(), now);
        delivery = watch.delivery();
        pump = watch.pump();
        end = new CloseEnd(ctx, terms, now);
        tls = TlsWatch.of(ctx);
    }

    /**
     * Whether the strategy waits for the peer's acknowledgements, and can. Not once the peer has ended its side where that
     * would cost the event loop a whole core.
     */
    boolean awaitsDelivery() {
        boolean spins = eofSeen && NettyGuard.spinsWhenHalfClosed(channel);
        return config.strategy().awaitsDelivery() && delivery.canTell() && !spins;
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
        return tls == null ? OptionalLong.of(pump.discardedBytes()) : tls.applicationBytes();
    }

    /** Cuts the application off. */
    void installDiscard() {
        if (!discardInstalled && !ctx.isRemoved()) {
            discardInstalled = true;
            try {
                ctx.pipeline().addAfter(ctx.name(), null, new InboundDiscard(sequence, tls));
            } catch (NoSuchElementException e) {
                CloseLog.LOG.debug(
                        "{} the handler is being removed by another thread; handlerRemoved follows", channel);
            }
        }
    }
}
