package dev.lastbyte;

/**
 * Second step of a close, after the last byte: waits for the peer's EOF or its acknowledgements, and knows what each of them
 * proves. Confined to the channel's event loop.
 */
final class WaitStep {
    private final CloseState state;

    WaitStep(CloseState state) {
        this.state = state;
    }

    /** Begins; {@link CloseSequence#finish} follows, perhaps at once. */
    void start() {
        boolean discards = state.config.strategy().discards() && !state.eofSeen;
        if (!discards && !state.awaitsDelivery()) {
            state.sequence.finish(state.eofSeen ? CloseCause.EOF : CloseCause.NOT_AWAITED);
        } else if (!discards) {
            linger();
        } else {
            state.sequence.enter(ClosePhase.DISCARDING);
            if (!state.delivery.canTell() || state.delivery.isDelivered() || !state.halfClosure.outliveEof()) {
                state.halfClosure.endAtEof();
            }
            state.installDiscard();
            state.pump.start();
            evaluate();
        }
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
        state.end.eofAfterFin(state.finSent && state.delivery.isDelivered() && state.delivery.tellsOrder());
        return CloseCause.EOF;
    }

    /** Looks at the clock. */
    void evaluate() {
        if (state.delivery.isDelivered() && state.sequence.phase() == ClosePhase.LINGERING) {
            state.sequence.finish(state.eofSeen ? CloseCause.EOF : CloseCause.ACKNOWLEDGED);
            return;
        }
        long now = state.timer.now();
        CloseCause over = state.watch.waitEnd(now);
        if (over != null) {
            state.sequence.finish(over);
            return;
        }
        if (state.delivery.isDelivered()) {
            state.halfClosure.endAtEof();
        }
        state.timer.armAt(state.watch.nextWaitCheck(now));
    }
}
