package dev.lastbyte;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of one connection's close, from {@code close()} to the report: takes in what happens, decides which step
 * comes next. The steps are {@link FlushStep}, {@link WaitStep} and {@link TransportClose}.
 *
 * <p>Confined to the channel's event loop.
 */
final class CloseSequence extends CloseState {
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

    private ClosePhase phase = ClosePhase.OPEN;
    private @Nullable Throwable suspect;

    CloseSequence(ChannelHandlerContext ctx, CloseTerms terms) {
        super(ctx, terms);
    }

    // ---- what may happen to it -------------------------------------------------------------------------------------

    /** Runs the sequence; the promise is completed when the channel is closed. */
    void start(ChannelPromise promise) {
        end.join(promise);
        guarded(this::begin);
    }

    /** A further {@code close()} joins the first. */
    void join(ChannelPromise promise) {
        end.join(promise);
    }

    /** Ends an idle connection at the peer's EOF: nothing is pending, so a plain close loses nothing. */
    void endAtPeerEof(boolean wasReset) {
        eofSeen = true;
        end.reset(wasReset);
        force(wasReset ? CloseCause.RESET : CloseCause.EOF);
    }

    /** Ends the sequence now, without waiting for anything: cut output is reset, everything else closed as it is. */
    void force(CloseCause cause) {
        guarded(() -> {
            if (phase == ClosePhase.OPEN && !OutboundFlush.isPending(ctx())) {
                end.flushed(now());
                markWritten(false);
            }
            if (!phase.isEnding()) {
                finish(cause);
            }
        });
    }

    /** Sets an earlier end than the configuration's: that of a drain. */
    void limit(long deadlineNanos) {
        guarded(() -> {
            if (!phase.isEnding() && limits.drainDeadline(deadlineNanos)) {
                armAt(deadlineNanos);
            }
        });
    }

    void onRead(long bytes) {
        DiscardPump.onRead(this, bytes);
        if (bytes > 0) {
            limits.inbound(now());
        }
    }

    void onReadComplete() {
        if (!phase.isEnding()) {
            boolean some = DiscardPump.onReadComplete(this, now());
            if (!isReading()) {
                guarded(this::evaluate);
            } else if (!some && phase == ClosePhase.DISCARDING && !delivery.isDelivered()) {
                guarded(() -> WaitStep.beforeEof(this));
            }
        }
    }

    /** The peer has ended its side, in order or by a reset. */
    void onEof(boolean reset) {
        if (eofSeen || phase.isEnding()) {
            return;
        }
        eofSeen = true;
        noteReset(reset);
        DiscardPump.stop(this);
        guarded(() -> {
            if (phase == ClosePhase.DISCARDING || phase == ClosePhase.LINGERING) {
                WaitStep.onEof(this, reset);
            } else if (reset) {
                finish(CloseCause.RESET);
            } else {
                EpollHalfOpenFlush.install(ctx());
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
            end.failed(cause);
        }
        end.reset(reset);
    }

    void onInactive(boolean reset) {
        guarded(() -> {
            if (!phase.isEnding()) {
                noteReset(reset);
                end.cause(inactiveCause(reset));
                end.waitEnded(now());
            }
            onClosed();
        });
    }

    @Override
    void onTimer() {
        guarded(() -> {
            if (phase == ClosePhase.RESETTING || phase == ClosePhase.CLOSING) {
                TransportClose.force(this);
            } else {
                evaluate();
            }
        });
    }

    // ---- which step comes next -------------------------------------------------------------------------------------

    private void begin() {
        eofSeen = HalfClosure.isInputShutdown(channel());
        enter(ClosePhase.FLUSHING);
        ctx().fireUserEventTriggered(CloseStartedEvent.INSTANCE);
        if (phase != ClosePhase.FLUSHING) {
            return;
        }
        if (HalfClosure.isOutputShutdown(channel())) {
            end.streamUnknown();
            delivery.cannotTell();
            end.flushed(now());
            finSent = true;
            WaitStep.start(this);
        } else if (channel().isRegistered()) {
            FlushStep.start(this);
        } else { // somebody deregistered the channel; NIO cannot even write then
            TransportClose.awaitNet(this);
            channel().eventLoop().register(channel()).addListener(f -> guarded(() -> FlushStep.start(this)));
        }
    }

    /** Everything written is in the kernel. */
    void onFlushed() {
        long now = now();
        end.flushed(now);
        limits.begin(now);
        if (!HalfClosure.isSupported(channel())) {
            finish(CloseCause.HALF_CLOSE_UNSUPPORTED);
            return;
        }
        boolean halfCloses = config().strategy().halfCloses();
        markWritten(halfCloses);
        if (eofSeen && !awaitsDelivery()) {
            finish(CloseCause.EOF);
        } else if (halfCloses) {
            halfClose();
        } else {
            WaitStep.start(this);
        }
    }

    /**
     * Sends the FIN with a task of its own. Netty makes an exception for what is written behind it, which costs as much as the stack is
     * deep, and close() comes from deep inside; and what other connections have to say in this turn goes first.
     */
    private void halfClose() {
        enter(ClosePhase.HALF_CLOSING);
        cutOff();
        if (!HalfClosure.outliveEof(channel()) || !Placement.isFirst(ctx())) {
            sendFin(); // until then an EOF could end the channel, or a handler in front of ours write
            return;
        }
        try {
            later(this::sendFin);
        } catch (RejectedExecutionException e) {
            sendFin(); // the event loop has ended: there is no later
        }
    }

    private void sendFin() {
        if (phase != ClosePhase.HALF_CLOSING) {
            return;
        }
        ChannelFuture sent =
                Placement.isFirst(ctx()) ? HalfClosure.sendFin(channel()) : HalfClosure.shutdownOutput(channel());
        sent.addListener(fin -> guarded(() -> onFin((ChannelFuture) fin)));
        if (phase == ClosePhase.HALF_CLOSING) {
            FlushStep.armNextCheck(this, now());
        }
    }

    private void onFin(ChannelFuture fin) {
        if (phase != ClosePhase.HALF_CLOSING) {
            return;
        }
        if (!fin.isSuccess()) {
            end.failed(fin.cause()); // ENOTCONN: the peer had reset the connection before our FIN
            finish(CloseCause.RESET);
            return;
        }
        markFin();
        WaitStep.start(this);
    }

    private void evaluate() {
        switch (phase) {
            case FLUSHING, HALF_CLOSING -> FlushStep.evaluate(this);
            case DISCARDING, LINGERING -> {
                look(now());
                if (finSent) {
                    HalfClosure.releaseOutput(channel());
                }
                if (!phase.isEnding()) {
                    WaitStep.evaluate(this);
                }
            }
            case OPEN, RESETTING, CLOSING, CLOSED -> {}
        }
    }

    /** Ends every wait and closes the socket. */
    void finish(CloseCause cause) {
        if (phase == ClosePhase.FLUSHING && cause != CloseCause.WRITE_FAILED && !end.isReset()) {
            FlushStep.endEarly(this);
        }
        long now = now();
        boolean cut = !end.isFlushed();
        if (cut) {
            end.cut(flush().unsentBytes());
        }
        look(now);
        end.cause(cause);
        end.waitEnded(now);
        TransportClose.start(this, cause, cut);
    }

    /** A write failed and the transport has closed itself; channelInactive follows. */
    void closedByTransport(CloseCause cause) {
        end.cut(flush().unsentBytes());
        end.cause(cause);
        TransportClose.awaitNet(this);
    }

    private CloseCause inactiveCause(boolean reset) {
        if (reset) {
            return CloseCause.RESET;
        }
        if (phase == ClosePhase.FLUSHING && !HalfClosure.isSupported(channel()) && !OutboundFlush.isPending(ctx())) {
            end.flushed(now()); // an HTTP/2 stream ends by itself behind its last frame
            return CloseCause.HALF_CLOSE_UNSUPPORTED;
        }
        boolean waited = phase == ClosePhase.DISCARDING || phase == ClosePhase.LINGERING;
        return waited && !channel().eventLoop().isShuttingDown()
                ? WaitStep.onInactive(this)
                : CloseEnd.transportCause(channel());
    }

    /** The channel is closed: the report goes out. */
    void onClosed() {
        if (phase != ClosePhase.CLOSED) {
            LoopTimer.cancel(this);
            enter(ClosePhase.CLOSED);
            end.complete(this, now());
        }
    }

    ClosePhase phase() {
        return phase;
    }

    void enter(ClosePhase next) {
        if (!phase.mayBecome(next)) {
            throw new IllegalStateException(channel() + " cannot go from " + phase + " to " + next);
        }
        if (CloseLog.LOG.isDebugEnabled()) {
            CloseLog.LOG.debug("{} {} -> {}", channel(), phase, next);
        }
        phase = next;
    }

    /** Runs a step as a task of its own, on the channel's event loop, even if the channel moves to another one meanwhile. */
    void later(Runnable step) {
        ctx().executor().execute(() -> {
            if (ctx().executor().inEventLoop()) {
                guarded(step);
            } else {
                later(step);
            }
        });
    }

    /** Whatever goes wrong inside, the connection ends and its promises complete. */
    void guarded(Runnable step) {
        try {
            step.run();
            if (!phase.isEnding()) {
                terms.watch().pending(pendingBytes());
            }
        } catch (Throwable t) {
            CloseLog.LOG.warn("{} the close sequence failed in {}; closing at once", channel(), phase, t);
            end.failed(t);
            end.cause(CloseCause.ERROR);
            TransportClose.endBelow(channel());
            onClosed();
        }
    }
}
