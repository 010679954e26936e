package dev.lastbyte;

import org.jspecify.annotations.Nullable;

/**
 * Second step of a close, after the last byte: waits for the peer's EOF or its acknowledgements, and knows what each of them
 * proves. Confined to the channel's event loop.
 */
final class WaitStep {
    private final CloseState state;
    private @Nullable HandshakeSweep sweep;

    WaitStep(CloseState state) {
        this.state = state;
    }

    /** Begins; {@link CloseSequence#finish} follows, perhaps at once. */
    void start() {
        boolean discards = state.config.strategy().discards() && !state.eofSeen;
        if (!discards && !state.awaitsDelivery()) {
            state.sequence.finish(state.eofSeen ? CloseCause.EOF : CloseCause.NOT_AWAITED);
        } else if (state.tls != null && state.tls.isWithoutSession()) {
            sweep(state.tls);
        } else if (!discards) {
            linger();
        } else {
            discard();
        }
    }

    private void discard() {
        state.sequence.enter(ClosePhase.DISCARDING);
        if (!state.delivery.canTell() || state.delivery.isDelivered() || !state.halfClosure.outliveEof()) {
            state.halfClosure.endAtEof();
        }
        state.installDiscard();
        state.pump.start();
        evaluate();
    }

    /** Waits for nothing but what has arrived already. */
    private void sweep(TlsWatch tls) {
        if (state.eofSeen) {
            state.sequence.finish(CloseCause.EOF);
            return;
        }
        sweep = new HandshakeSweep(state.pump, tls.isRefused(), state.config.quietPeriodNanos(), state.timer.now());
        discard();
    }

    /** Waits for acknowledgements alone. */
    private void linger() {
        state.sequence.enter(ClosePhase.LINGERING);
        if (!state.eofSeen) {
            state.halfClosure.outliveEof();
            state.installDiscard();
        }
        state.pump.stop();
        evaluate();
    }

    /** The peer has ended its side. */
    void onEof(boolean reset) {
        state.watch.look(state.timer.now());
        state.end.eofAfterFin(state.finSent && state.delivery.isDelivered() && state.delivery.tellsOrder());
        if (reset || state.delivery.isLost()) {
            state.sequence.finish(CloseCause.RESET);
        } else if (sweep != null) {
            state.sequence.finish(CloseCause.TLS_HANDSHAKE);
        } else if (state.delivery.isDelivered() || !state.awaitsDelivery()) {
            state.sequence.finish(CloseCause.EOF);
        } else if (state.sequence.phase() == ClosePhase.DISCARDING) {
            linger();
        }
    }

    /**
     * The transport has closed the channel, as it does at the peer's EOF once half-closure is off; unless a handler nearer to
     * the transport did it.
     */
    CloseCause onInactive() {
        if (!Placement.isFirst(state.ctx)) {
            return CloseCause.TRANSPORT;
        }
        state.eofSeen = true;
        state.end.eofAfterFin(state.finSent && state.delivery.isDelivered() && state.delivery.tellsOrder());
        return sweep != null ? CloseCause.TLS_HANDSHAKE : CloseCause.EOF;
    }

    /** Looks at the clock. */
    void evaluate() {
        if (state.delivery.isDelivered() && state.sequence.phase() == ClosePhase.LINGERING) {
            state.sequence.finish(state.eofSeen ? CloseCause.EOF : CloseCause.ACKNOWLEDGED);
            return;
        }
        long now = state.timer.now();
        CloseCause over = end(now);
        if (over != null) {
            state.sequence.finish(over);
            return;
        }
        if (state.delivery.isDelivered()) {
            state.halfClosure.endAtEof();
        }
        state.timer.armAt(state.watch.nextWaitCheck(now));
        if (sweep != null) {
            state.timer.armAt(sweep.nextCheck());
        }
    }

    private @Nullable CloseCause end(long now) {
        CloseCause over = state.watch.waitEnd(now);
        boolean swept = sweep != null && (over == CloseCause.QUIET || (over == null && sweep.isOver(now)));
        return swept ? CloseCause.TLS_HANDSHAKE : over;
    }
}
