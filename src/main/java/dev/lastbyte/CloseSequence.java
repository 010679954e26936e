package dev.lastbyte;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of one connection's close, from {@code close()} to the report: takes in what happens, decides which step
 * comes next. The steps are {@link FlushStep}, {@link WaitStep} and {@link TransportClose}.
 *
 * <p>Confined to the channel's event loop.
 */
final class CloseSequence {
    /*
     * OPEN ──close()──► FLUSHING ──barrier──► HALF_CLOSING ──FIN──► DISCARDING ──EOF, quiet, limit──► CLOSING ──► CLOSED
     *                      │                        │                   │ EOF, not all acknowledged      ▲
     *                      │                        └───────────────► LINGERING ──acknowledged, limit────┘
     *                      └─ stalled, failed, forced ─► RESETTING ──► CLOSED
     *
     * Why these steps, in this order:
     *
     * 1. The FIN certifies the stream. So it follows the last byte or is not sent at all: shutdownOutput() with bytes queued
     *    drops them and still sends a clean FIN, and a plain close after a failed flush does the same. Both would turn a cut
     *    answer into a complete one; hence the barrier, and SO_LINGER 0 where it does not come.
     * 2. Input is read and dropped from the first moment on, not only after the FIN: a peer that writes everything before it
     *    reads would otherwise wait for us while we wait for it.
     * 3. Unread input, or a byte that arrives after close(), makes the kernel drop its send queue. DISCARDING keeps the socket
     *    reading until the peer has everything.
     * 4. "Everything" is asked of the kernel, where it answers: an EOF alone may have crossed our data, an empty
     *    retransmission queue may belong to a closed window.
     * 5. After that no wait helps the peer, so it is short. Before it, giving up means a plain close with an empty receive
     *    queue: the kernel goes on sending, bounded by TCP_USER_TIMEOUT.
     *
     * Every phase looks at the clock through one timer and one absolute deadline. State is changed before anything is called
     * that may call back; a late event finds its phase gone and does nothing. Whatever throws ends the connection.
     */

    private final CloseState state;
    private final FlushStep flushing;
    private final WaitStep waiting;
    private final TransportClose closing;
    private ClosePhase phase = ClosePhase.OPEN;
    private @Nullable Throwable suspect;

    CloseSequence(ChannelHandlerContext ctx, CloseTerms terms) {
        state = new CloseState(ctx, terms, this);
        flushing = new FlushStep(state);
        waiting = new WaitStep(state);
        closing = new TransportClose(state);
    }

    // ---- what may happen to it -------------------------------------------------------------------------------------

    /** Runs the sequence; the promise is completed when the channel is closed. */
    void start(ChannelPromise promise) {
        state.end.join(promise);
        guarded(this::begin);
    }

    /** A further {@code close()} joins the first. */
    void join(ChannelPromise promise) {
        state.end.join(promise);
    }

    /** Ends an idle connection at the peer's EOF: nothing is pending, so a plain close loses nothing. */
    void endAtPeerEof(boolean wasReset) {
        state.eofSeen = true;
        state.end.reset(wasReset);
        force(wasReset ? CloseCause.RESET : CloseCause.EOF);
    }

    /** Ends the sequence now, without waiting for anything: cut output is reset, everything else closed as it is. */
    void force(CloseCause cause) {
        guarded(() -> {
            if (phase == ClosePhase.OPEN && !OutboundFlush.isPending(state.ctx)) {
                state.end.flushed(state.timer.now());
                state.delivery.markWritten(false);
            }
            if (!phase.isEnding()) {
                finish(cause);
            }
        });
    }

    /** Sets an earlier end than the configuration's: that of a drain. */
    void limit(long deadlineNanos) {
        guarded(() -> {
            if (!phase.isEnding() && state.watch.limits().drainDeadline(deadlineNanos)) {
                state.timer.armAt(deadlineNanos);
            }
        });
    }

    void onRead(long bytes) {
        state.pump.onRead(bytes);
        if (bytes > 0) {
            state.watch.limits().inbound(state.timer.now());
        }
    }

    void onReadComplete() {
        if (!phase.isEnding()) {
            state.pump.onReadComplete(state.timer.now());
            if (!state.pump.isReading()) {
                guarded(this::evaluate);
            }
        }
    }

    /** The peer has ended its side, in order or by a reset. */
    void onEof(boolean reset) {
        if (state.eofSeen || phase.isEnding()) {
            return;
        }
        state.eofSeen = true;
        noteReset(reset);
        state.pump.stop();
        guarded(() -> {
            if (phase == ClosePhase.DISCARDING || phase == ClosePhase.LINGERING) {
                waiting.onEof(reset);
            } else if (reset) {
                finish(CloseCause.RESET);
            } else {
                EpollHalfOpenFlush.install(state.ctx);
            }
        });
    }

    /** Keeps an exception for the report, in case the event follows that makes it the transport's. */
    void onTransportError(Throwable cause) {
        suspect = cause;
    }

    private void noteReset(boolean reset) {
        Throwable cause = suspect;
        if (reset && cause != null) {
            state.end.failed(cause);
        }
        state.end.reset(reset);
    }

    void onInactive(boolean reset) {
        guarded(() -> {
            if (!phase.isEnding()) {
                noteReset(reset);
                state.end.cause(inactiveCause(reset));
                state.end.waitEnded(state.timer.now());
            }
            onClosed();
        });
    }

    void onTimer() {
        guarded(() -> {
            if (phase == ClosePhase.RESETTING || phase == ClosePhase.CLOSING) {
                closing.force();
            } else {
                evaluate();
            }
        });
    }

    // ---- which step comes next -------------------------------------------------------------------------------------

    private void begin() {
        state.eofSeen = state.halfClosure.isInputShutdown();
        enter(ClosePhase.FLUSHING);
        state.ctx.fireUserEventTriggered(CloseStartedEvent.INSTANCE);
        if (phase != ClosePhase.FLUSHING) {
            return;
        }
        if (state.halfClosure.isOutputShutdown()) {
            state.end.streamUnknown();
            state.delivery.cannotTell();
            state.end.flushed(state.timer.now());
            state.finSent = true;
            waiting.start();
        } else if (state.channel.isRegistered()) {
            flushing.start();
        } else { // somebody deregistered the channel; NIO cannot even write then
            closing.awaitNet();
            state.channel.eventLoop().register(state.channel).addListener(f -> guarded(flushing::start));
        }
    }

    /** Everything written is in the kernel. */
    void onFlushed() {
        long now = state.timer.now();
        state.end.flushed(now);
        state.watch.limits().begin(now);
        if (!state.halfClosure.isSupported()) {
            finish(CloseCause.HALF_CLOSE_UNSUPPORTED);
            return;
        }
        boolean halfCloses = state.config.strategy().halfCloses();
        state.delivery.markWritten(halfCloses);
        if (state.eofSeen && !state.awaitsDelivery()) {
            finish(CloseCause.EOF);
        } else if (halfCloses) {
            halfClose();
        } else {
            waiting.start();
        }
    }

    private void halfClose() {
        enter(ClosePhase.HALF_CLOSING);
        state.halfClosure
                .shutdownOutput()
                .addListener(fin -> guarded(() -> {
                    if (phase != ClosePhase.HALF_CLOSING) {
                        return;
                    }
                    if (!fin.isSuccess()) {
                        state.end.failed(fin.cause()); // ENOTCONN: the peer had reset the connection before our FIN
                        finish(CloseCause.RESET);
                        return;
                    }
                    state.finSent = true;
                    state.delivery.markFin();
                    waiting.start();
                }));
        if (phase == ClosePhase.HALF_CLOSING) {
            state.timer.armAt(state.watch.nextFlushCheck(state.timer.now()));
        }
    }

    private void evaluate() {
        switch (phase) {
            case FLUSHING, HALF_CLOSING -> flushing.evaluate();
            case DISCARDING, LINGERING -> {
                state.watch.look(state.timer.now());
                waiting.evaluate();
            }
            case OPEN, RESETTING, CLOSING, CLOSED -> {}
        }
    }

    /** Ends every wait and closes the socket. */
    void finish(CloseCause cause) {
        long now = state.timer.now();
        if (phase == ClosePhase.FLUSHING && cause != CloseCause.WRITE_FAILED && !state.end.isReset()) {
            flushing.endEarly();
        }
        boolean cut = !state.end.isFlushed();
        if (cut) {
            state.end.cut(state.watch.flush().unsentBytes());
        }
        state.watch.look(now);
        state.end.cause(cause);
        state.end.waitEnded(now);
        closing.start(cause, cut);
    }

    /** A write failed and the transport has closed itself; channelInactive follows. */
    void closedByTransport(CloseCause cause) {
        state.end.cut(state.watch.flush().unsentBytes());
        state.end.cause(cause);
        closing.awaitNet();
    }

    private CloseCause inactiveCause(boolean reset) {
        if (reset) {
            return CloseCause.RESET;
        }
        if (phase == ClosePhase.FLUSHING && !state.halfClosure.isSupported() && !OutboundFlush.isPending(state.ctx)) {
            state.end.flushed(state.timer.now()); // an HTTP/2 stream ends by itself behind its last frame
            return CloseCause.HALF_CLOSE_UNSUPPORTED;
        }
        boolean waited = phase == ClosePhase.DISCARDING || phase == ClosePhase.LINGERING;
        return waited && !state.channel.eventLoop().isShuttingDown()
                ? waiting.onInactive()
                : CloseEnd.transportCause(state.channel);
    }

    /** The channel is closed: the report goes out. */
    void onClosed() {
        if (phase != ClosePhase.CLOSED) {
            state.timer.cancel();
            enter(ClosePhase.CLOSED);
            state.end.tlsEnd(state.tlsEnd());
            state.end.lateBytes(state.applicationBytes().orElse(0));
            state.end.complete(state.delivery, state.finSent, state.pump.discardedBytes(), state.timer.now());
        }
    }

    ClosePhase phase() {
        return phase;
    }

    void enter(ClosePhase next) {
        if (!phase.mayBecome(next)) {
            throw new IllegalStateException(state.channel + " cannot go from " + phase + " to " + next);
        }
        CloseLog.LOG.debug("{} {} -> {}", state.channel, phase, next);
        phase = next;
    }

    /** Whatever goes wrong inside, the connection ends and its promises complete. */
    void guarded(Runnable step) {
        try {
            step.run();
            if (!phase.isEnding()) {
                state.terms.watch().pending(state.pendingBytes());
            }
        } catch (Throwable t) {
            CloseLog.LOG.warn("{} the close sequence failed in {}; closing at once", state.channel, phase, t);
            state.end.failed(t);
            state.end.cause(CloseCause.ERROR);
            TransportClose.endBelow(state.channel);
            onClosed();
        }
    }
}
