package dev.lastbyte;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;

/**
 * The state machine of one connection's close, from {@code close()} to the report.
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
     * that may call back; a late event finds its phase gone and does nothing.
     */

    private static final long CLOSING_NANOS = 5_000_000_000L;

    private final ChannelHandlerContext ctx;
    private final Channel channel;
    private final GracefulCloseConfig config;
    private final CloseEnd end;
    private final CloseTimer timer;
    private final HalfClosure halfClosure;
    private final CloseWatch watch;
    private final DeliveryWatch delivery;
    private final DiscardPump pump;

    private ClosePhase phase = ClosePhase.OPEN;
    private boolean discardInstalled;
    private boolean eofSeen;
    private boolean finSent;

    CloseSequence(ChannelHandlerContext ctx, GracefulCloseConfig config, SystemView system) {
        this.ctx = ctx;
        this.config = config;
        channel = ctx.channel();
        timer = new CloseTimer(ctx, system, () -> guarded(this::onTimer));
        halfClosure = new HalfClosure(channel);
        watch = new CloseWatch(ctx, config, system, timer.now());
        delivery = watch.delivery();
        pump = watch.pump();
        end = new CloseEnd(ctx, config, timer.now());
    }

    // ---- what may happen to it -------------------------------------------------------------------------------------

    /** Runs the sequence; the promise is completed when the channel is closed. */
    void start(ChannelPromise promise) {
        end.join(promise);
        guarded(this::begin);
    }

    private void begin() {
        eofSeen = halfClosure.isInputShutdown();
        enter(ClosePhase.FLUSHING);
        ctx.fireUserEventTriggered(CloseStartedEvent.INSTANCE);
        if (phase != ClosePhase.FLUSHING) {
            return;
        }
        if (halfClosure.isOutputShutdown()) {
            end.streamUnknown();
            delivery.cannotTell();
            end.flushed(timer.now());
            finSent = true;
            afterFin();
            return;
        }
        ChannelFuture barrier = watch.flush().start();
        if (barrier.isDone()) {
            onBarrier(barrier);
        } else {
            barrier.addListener(f -> guarded(() -> onBarrier((ChannelFuture) f)));
            awaitFlush();
        }
    }

    /** Ends an idle connection at the peer's EOF: nothing is pending, so a plain close loses nothing. */
    void endAtPeerEof(boolean wasReset) {
        eofSeen = true;
        end.reset(wasReset);
        endAsIs(wasReset ? CloseCause.RESET : CloseCause.EOF);
    }

    /** Ends an open connection without waiting for anything: cut output is reset. */
    void endAsIs(CloseCause cause) {
        if (!OutboundFlush.isPending(ctx)) {
            end.flushed(timer.now());
            delivery.markWritten(false);
        }
        finish(cause);
    }

    /** A further {@code close()} joins the first. */
    void join(ChannelPromise promise) {
        end.join(promise);
    }

    /** Ends the sequence now: cut output is reset, everything else closed as it is. */
    void force(CloseCause cause) {
        if (phase == ClosePhase.OPEN) {
            endAsIs(cause);
        } else if (!phase.isEnding()) {
            finish(cause);
        }
    }

    void onRead(long bytes) {
        pump.onRead(bytes);
        if (bytes > 0) {
            watch.limits().inbound(timer.now());
        }
    }

    void onReadComplete() {
        if (!phase.isEnding()) {
            pump.onReadComplete(timer.now());
            if (!pump.isReading()) {
                evaluate();
            }
        }
    }

    void onEof() {
        if (eofSeen) {
            return;
        }
        eofSeen = true;
        pump.stop();
        if (phase == ClosePhase.FLUSHING) {
            EpollHalfOpenFlush.install(ctx);
        }
        if (phase == ClosePhase.DISCARDING || phase == ClosePhase.LINGERING) {
            watch.look(timer.now());
            end.eofAfterFin(delivery.isDelivered());
            if (delivery.isLost()) {
                finish(CloseCause.RESET);
            } else if (delivery.isDelivered() || !awaitsDelivery() || NettyGuard.spinsWhenHalfClosed(channel)) {
                finish(CloseCause.EOF);
            } else if (phase == ClosePhase.DISCARDING) {
                linger();
            }
        }
    }

    void onTransportError(Throwable cause) {
        if (!phase.isEnding()) {
            end.failed(cause);
            end.reset(true);
            finish(CloseCause.RESET);
        }
    }

    void onInactive() {
        if (phase.isEnding()) {
            complete();
            return;
        }
        if (phase == ClosePhase.FLUSHING && !halfClosure.isSupported() && !OutboundFlush.isPending(ctx)) {
            end.flushed(timer.now()); // an HTTP/2 stream ends by itself behind its last frame
            end.cause(CloseCause.HALF_CLOSE_UNSUPPORTED);
        } else if (finSent && !channel.eventLoop().isShuttingDown()) {
            end.cause(CloseCause.EOF);
            end.eofAfterFin(delivery.isDelivered());
        } else {
            end.cause(CloseEnd.transportCause(channel));
        }
        end.waitEnded(timer.now());
        complete();
    }

    // ---- the phases ------------------------------------------------------------------------------------------------

    private void awaitFlush() {
        // Should the transport close the channel meanwhile (failed write, event loop shut down), a FIN would certify a
        // cut.
        end.aborted(SocketLinger.resetOnClose(channel));
        installDiscard();
        if (!halfClosure.isSupported() || halfClosure.outliveEof()) {
            pump.start();
        } else {
            pump.stop(); // an EOF would end the channel below us, with its output: the transport must not see it yet
        }
        if (phase == ClosePhase.FLUSHING) {
            timer.armAt(watch.nextFlushCheck(timer.now()));
        }
    }

    private void onBarrier(ChannelFuture barrier) {
        if (phase != ClosePhase.FLUSHING) {
            return;
        }
        if (barrier.isSuccess()) {
            afterFlush();
            return;
        }
        end.failed(barrier.cause());
        if (channel.isOpen()) {
            finish(CloseCause.WRITE_FAILED);
        } else {
            end.cut(watch.flush().unsentBytes()); // the transport has closed itself: channelInactive follows
            end.cause(channel.eventLoop().isShuttingDown() ? CloseCause.EVENT_LOOP_SHUTDOWN : CloseCause.WRITE_FAILED);
        }
    }

    private void afterFlush() {
        long now = timer.now();
        if (discardInstalled) {
            SocketLinger.finOnClose(channel);
            end.aborted(false);
        }
        end.flushed(now);
        watch.limits().begin(now);
        if (!halfClosure.isSupported()) {
            finish(CloseCause.HALF_CLOSE_UNSUPPORTED);
            return;
        }
        boolean halfCloses = config.strategy().halfCloses();
        delivery.markWritten(halfCloses);
        if (eofSeen && !awaitsDelivery()) {
            finish(CloseCause.EOF);
        } else if (halfCloses) {
            halfClose();
        } else {
            afterFin();
        }
    }

    private void halfClose() {
        enter(ClosePhase.HALF_CLOSING);
        ChannelFuture fin = halfClosure.shutdownOutput();
        if (fin.isDone()) {
            onFin(fin);
        } else {
            fin.addListener(f -> guarded(() -> onFin((ChannelFuture) f)));
            timer.armAt(watch.nextFlushCheck(timer.now()));
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
        finSent = true;
        delivery.markFin();
        afterFin();
    }

    private void afterFin() {
        boolean discards = config.strategy().discards() && !eofSeen;
        if (!discards && !awaitsDelivery()) {
            finish(eofSeen ? CloseCause.EOF : CloseCause.NOT_AWAITED);
        } else if (!discards) {
            linger();
        } else {
            enter(ClosePhase.DISCARDING);
            if (!delivery.canTell() || delivery.isDelivered() || !halfClosure.outliveEof()) {
                halfClosure.endAtEof();
            }
            installDiscard();
            pump.start();
            evaluate();
        }
    }

    private void linger() {
        enter(ClosePhase.LINGERING);
        if (!eofSeen) {
            halfClosure.outliveEof();
            installDiscard();
        }
        pump.stop();
        evaluate();
    }

    private void onTimer() {
        switch (phase) {
            case FLUSHING, HALF_CLOSING -> evaluateFlush();
            case DISCARDING, LINGERING -> {
                watch.look(timer.now());
                evaluateWait();
            }
            case RESETTING, CLOSING -> {
                CloseLog.LOG.warn(
                        "{} did not close within {} s of being told to; forcing it",
                        channel,
                        CLOSING_NANOS / 1_000_000_000L);
                channel.unsafe().closeForcibly();
                complete();
            }
            case OPEN, CLOSED -> {}
        }
    }

    private void evaluateFlush() {
        long now = timer.now();
        CloseCause over = watch.flushEnd(now);
        if (over != null) {
            finish(over);
        } else {
            timer.armAt(watch.nextFlushCheck(now));
        }
    }

    private void evaluateWait() {
        if (delivery.isDelivered() && phase == ClosePhase.LINGERING) {
            finish(eofSeen ? CloseCause.EOF : CloseCause.ACKNOWLEDGED);
            return;
        }
        long now = timer.now();
        CloseCause over = watch.waitEnd(now);
        if (over != null) {
            finish(over);
            return;
        }
        if (delivery.isDelivered()) {
            halfClosure.endAtEof();
        }
        timer.armAt(watch.nextWaitCheck(now));
    }

    private void evaluate() {
        switch (phase) {
            case FLUSHING, HALF_CLOSING -> evaluateFlush();
            case DISCARDING, LINGERING -> evaluateWait();
            case OPEN, RESETTING, CLOSING, CLOSED -> {}
        }
    }

    private boolean awaitsDelivery() {
        return config.strategy().awaitsDelivery() && delivery.canTell();
    }

    private void installDiscard() {
        if (!discardInstalled && !ctx.isRemoved()) {
            discardInstalled = true;
            ctx.pipeline().addAfter(ctx.name(), null, new InboundDiscard(this));
        }
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    private void finish(CloseCause cause) {
        boolean cut = !end.isFlushed();
        if (cut) {
            end.cut(watch.flush().unsentBytes());
        }
        watch.look(timer.now());
        end.cause(cause);
        end.waitEnded(timer.now());
        timer.cancel();
        boolean reset =
                !end.isReset() && (cut || (mayBeUndelivered(cause) && config.stalledPeer() == StalledPeer.RESET));
        enter(reset ? ClosePhase.RESETTING : ClosePhase.CLOSING);
        if (reset) {
            end.aborted(SocketLinger.resetOnClose(channel));
        } else {
            SocketLinger.neverBlock(channel);
            if (!delivery.isDelivered() && !delivery.isLost()) {
                SocketLinger.boundKernel(channel, watch.limits().kernelPatience(timer.now()));
            }
        }
        timer.armAt(timer.now() + CLOSING_NANOS);
        ctx.close().addListener(f -> complete());
    }

    private boolean mayBeUndelivered(CloseCause cause) {
        return delivery.canTell() && !delivery.isDelivered() && CloseEnd.isLimit(cause);
    }

    private void complete() {
        if (phase != ClosePhase.CLOSED) {
            timer.cancel();
            enter(ClosePhase.CLOSED);
            end.complete(delivery, finSent, pump.discardedBytes(), timer.now());
        }
    }

    /** Whatever goes wrong inside, the connection ends and its promises complete. */
    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            CloseLog.LOG.warn("{} the close sequence failed in {}; closing at once", channel, phase, e);
            end.failed(e);
            end.cause(CloseCause.ERROR);
            channel.unsafe().closeForcibly();
            complete();
        }
    }

    private void enter(ClosePhase next) {
        if (!phase.mayBecome(next)) {
            throw new IllegalStateException(channel + " cannot go from " + phase + " to " + next);
        }
        CloseLog.LOG.debug("{} {} -> {}", channel, phase, next);
        phase = next;
    }
}
