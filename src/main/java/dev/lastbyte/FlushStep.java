package dev.lastbyte;

import io.netty.channel.ChannelFuture;

/**
 * First step of a close: everything written is brought into the kernel, input being dropped meanwhile. Confined to the
 * channel's event loop.
 */
final class FlushStep {
    private final CloseState state;
    private boolean resetArmed;

    FlushStep(CloseState state) {
        this.state = state;
    }

    /** Flushes; {@link CloseSequence#onFlushed} or {@link CloseSequence#finish} follows, perhaps at once. */
    void start() {
        if (state.eofSeen) {
            EpollHalfOpenFlush.install(state.ctx); // before the flush that would fail without it
        }
        ChannelFuture barrier = state.watch.flush().start();
        if (barrier.isDone()) {
            onBarrier(barrier);
            return;
        }
        barrier.addListener(f -> state.sequence.guarded(() -> onBarrier((ChannelFuture) f)));
        state.installDiscard();
        boolean outlivesEof = !state.halfClosure.isSupported() || state.halfClosure.outliveEof();
        if (state.watch.flush().isOnlyBarrierLeft()) {
            // In the listener of the last write the barrier comes as soon as we return: the common case pays no more.
            state.ctx.executor().execute(() -> state.sequence.guarded(() -> awaitBarrier(outlivesEof)));
        } else {
            awaitBarrier(outlivesEof);
        }
    }

    private void awaitBarrier(boolean outlivesEof) {
        if (state.sequence.phase() != ClosePhase.FLUSHING || resetArmed) {
            return;
        }
        // Should the transport close the channel meanwhile (failed write, loop shut down), a FIN would certify a cut.
        resetArmed = true;
        state.end.aborted(SocketLinger.resetOnClose(state.channel));
        if (outlivesEof && !state.eofSeen) {
            state.pump.start();
        } else {
            state.pump.stop(); // an EOF seen now would end the channel below us, with its output
        }
        state.timer.armAt(state.watch.nextFlushCheck(state.timer.now()));
    }

    private void onBarrier(ChannelFuture barrier) {
        if (state.sequence.phase() != ClosePhase.FLUSHING) {
            return;
        }
        if (!barrier.isSuccess()) {
            failed(barrier.cause());
        } else if (state.watch.flush().hasMore()) {
            state.installDiscard(); // a write's listener has written behind the barrier; now nobody can any more
            start();
        } else {
            disarm();
            state.sequence.onFlushed();
        }
    }

    /** The sequence is to end now: if only the barrier is on its way (io_uring takes a turn for that), nothing is cut. */
    void endEarly() {
        if (state.watch.flush().isOnlyBarrierLeft()) {
            disarm();
            state.end.flushed(state.timer.now());
            state.delivery.markWritten(false);
        }
    }

    private void disarm() {
        if (resetArmed) {
            SocketLinger.finOnClose(state.channel);
            state.end.aborted(false);
        }
    }

    private void failed(Throwable cause) {
        state.end.failed(cause);
        if (state.channel.isOpen()) {
            state.sequence.finish(CloseCause.WRITE_FAILED);
        } else {
            state.sequence.closedByTransport(
                    state.channel.eventLoop().isShuttingDown()
                            ? CloseCause.EVENT_LOOP_SHUTDOWN
                            : CloseCause.WRITE_FAILED);
        }
    }

    /** Looks at the clock. */
    void evaluate() {
        long now = state.timer.now();
        CloseCause over = state.watch.flushEnd(now);
        if (over != null) {
            state.sequence.finish(over);
        } else {
            state.timer.armAt(state.watch.nextFlushCheck(now));
        }
    }
}
