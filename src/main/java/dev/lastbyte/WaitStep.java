package dev.lastbyte;

import org.jspecify.annotations.Nullable;

/**
 * Second step of a close, after the last byte: waits for the peer's EOF or its acknowledgements, and knows what each of them
 * proves. Stateless; to be called on the channel's event loop.
 */
final class WaitStep {
    private WaitStep() {}

    /** Begins; {@link CloseSequence#finish} follows, perhaps at once. */
    static void start(CloseSequence close) {
        boolean discards = close.config().strategy().discards() && !close.eofSeen;
        TlsWatch tls = close.tls;
        if (!discards && !close.awaitsDelivery()) {
            close.finish(close.eofSeen ? CloseCause.EOF : CloseCause.NOT_AWAITED);
        } else if (tls != null && tls.isWithoutSession()) {
            sweep(close, tls);
        } else if (!discards) {
            linger(close);
        } else {
            discard(close);
        }
    }

    private static void discard(CloseSequence close) {
        close.enter(ClosePhase.DISCARDING);
        if (!close.delivery.canTell() || close.delivery.isDelivered() || !HalfClosure.outliveEof(close.channel())) {
            HalfClosure.endAtEof(close.channel());
        }
        close.cutOff();
        DiscardPump.start(close);
        evaluate(close);
    }

    /** Waits for nothing but what has arrived already. */
    private static void sweep(CloseSequence close, TlsWatch tls) {
        if (close.eofSeen) {
            close.finish(CloseCause.EOF);
            return;
        }
        close.sweep = new HandshakeSweep(close, tls.isRefused(), close.config().quietPeriodNanos(), close.now());
        discard(close);
    }

    /** Waits for acknowledgements alone. */
    private static void linger(CloseSequence close) {
        close.enter(ClosePhase.LINGERING);
        if (!close.eofSeen) {
            HalfClosure.outliveEof(close.channel());
            close.cutOff();
        }
        DiscardPump.stop(close);
        evaluate(close);
    }

    /**
     * A read found nothing: most likely the peer's EOF, which the transport acts on next. If everything has arrived it may end the
     * channel, and is spared half of it.
     */
    static void beforeEof(CloseSequence close) {
        close.look(close.now());
        if (close.delivery.isDelivered() && Placement.isFirst(close.ctx())) {
            HalfClosure.endAtEof(close.channel());
        }
    }

    /** The peer has ended its side. */
    static void onEof(CloseSequence close, boolean reset) {
        close.look(close.now());
        noteEof(close);
        if (reset || close.delivery.isLost()) {
            close.finish(CloseCause.RESET);
        } else if (close.sweep != null) {
            close.finish(CloseCause.TLS_HANDSHAKE);
        } else if (close.delivery.isDelivered() || !close.awaitsDelivery()) {
            close.finish(CloseCause.EOF);
        } else if (close.phase() == ClosePhase.DISCARDING) {
            linger(close);
        }
    }

    private static void noteEof(CloseSequence close) {
        close.end.eofAfterFin(close.finSent && close.delivery.isDelivered() && close.delivery.tellsOrder());
    }

    /**
     * The transport has closed the channel, as it does at the peer's EOF once half-closure is off; unless a handler nearer to
     * the transport did it.
     */
    static CloseCause onInactive(CloseSequence close) {
        if (!Placement.isFirst(close.ctx())) {
            return CloseCause.TRANSPORT;
        }
        close.eofSeen = true;
        noteEof(close);
        return close.sweep != null ? CloseCause.TLS_HANDSHAKE : CloseCause.EOF;
    }

    /** Looks at the clock. */
    static void evaluate(CloseSequence close) {
        if (close.delivery.isDelivered() && close.phase() == ClosePhase.LINGERING) {
            close.finish(close.eofSeen ? CloseCause.EOF : CloseCause.ACKNOWLEDGED);
            return;
        }
        long now = close.now();
        CloseCause over = end(close, now);
        if (over != null) {
            close.finish(over);
            return;
        }
        if (close.delivery.isDelivered()) {
            HalfClosure.endAtEof(close.channel());
        }
        close.armAt(close.limits.nextWaitCheck(close, now, LoopTimer.lookPause(close)));
        HandshakeSweep sweep = close.sweep;
        if (sweep != null) {
            close.armAt(sweep.nextCheck());
        }
    }

    private static @Nullable CloseCause end(CloseSequence close, long now) {
        DiscardPump.resumeIfDue(close, now);
        if (close.delivery.isLost()) {
            return CloseCause.RESET;
        }
        CloseCause over = close.limits.waitEnd(close, now);
        HandshakeSweep sweep = close.sweep;
        boolean swept = sweep != null && (over == CloseCause.QUIET || (over == null && sweep.isOver(now)));
        return swept ? CloseCause.TLS_HANDSHAKE : over;
    }
}
