package dev.lastbyte;

import io.netty.channel.ChannelFuture;

/**
 * First step of a close: everything written is brought into the kernel, input being dropped meanwhile. Stateless; to be called on
 * the channel's event loop.
 */
final class FlushStep {
    private FlushStep() {}

    /** Flushes; {@link CloseSequence#onFlushed} or {@link CloseSequence#finish} follows, perhaps at once. */
    static void start(CloseSequence close) {
        if (close.eofSeen) {
            EpollHalfOpenFlush.install(close.ctx()); // before the flush that would fail without it
        }
        OutboundFlush flush = close.flush();
        ChannelFuture barrier = flush.start();
        if (barrier.isDone()) {
            onBarrier(close, barrier);
            return;
        }
        barrier.addListener(f -> close.guarded(() -> onBarrier(close, (ChannelFuture) f)));
        close.cutOff();
        boolean outlivesEof = !HalfClosure.isSupported(close.channel()) || HalfClosure.outliveEof(close.channel());
        if (flush.isOnlyBarrierLeft()) {
            // In the listener of the last write the barrier comes as soon as we return: the common case pays no more.
            close.later(() -> awaitBarrier(close, outlivesEof));
        } else {
            awaitBarrier(close, outlivesEof);
        }
    }

    private static void awaitBarrier(CloseSequence close, boolean outlivesEof) {
        if (close.phase() != ClosePhase.FLUSHING || close.resetArmed) {
            return;
        }
        // Should the transport close the channel meanwhile (failed write, loop shut down), a FIN would certify a cut.
        close.resetArmed = true;
        close.end.aborted(SocketLinger.resetOnClose(close.channel()));
        if (outlivesEof && !close.eofSeen) {
            DiscardPump.start(close);
        } else {
            DiscardPump.stop(close); // an EOF seen now would end the channel below us, with its output
        }
        armNextCheck(close, close.now());
    }

    private static void onBarrier(CloseSequence close, ChannelFuture barrier) {
        if (close.phase() != ClosePhase.FLUSHING) {
            return;
        }
        if (!barrier.isSuccess()) {
            failed(close, barrier.cause());
        } else if (close.flush().hasMore()) {
            close.cutOff(); // a write's listener has written behind the barrier; now nobody can any more
            start(close);
        } else {
            disarm(close);
            close.onFlushed();
        }
    }

    /** The sequence is to end now: if only the barrier is on its way (io_uring takes a turn for that), nothing is cut. */
    static void endEarly(CloseSequence close) {
        if (close.flush().isOnlyBarrierLeft()) {
            disarm(close);
            close.end.flushed(close.now());
            close.markWritten(false);
        }
    }

    private static void disarm(CloseSequence close) {
        if (close.resetArmed) {
            SocketLinger.finOnClose(close.channel());
            close.end.aborted(false);
        }
    }

    private static void failed(CloseSequence close, Throwable cause) {
        close.end.failed(cause);
        if (close.channel().isOpen()) {
            close.finish(CloseCause.WRITE_FAILED);
        } else {
            close.closedByTransport(
                    close.channel().eventLoop().isShuttingDown()
                            ? CloseCause.EVENT_LOOP_SHUTDOWN
                            : CloseCause.WRITE_FAILED);
        }
    }

    /** Looks at the clock. */
    static void evaluate(CloseSequence close) {
        long now = close.now();
        DiscardPump.resumeIfDue(close, now);
        close.look(now);
        if (close.flush().progressed()) {
            close.limits.outbound(close.config(), now);
        }
        CloseCause over = close.limits.flushEnd(close.config(), now);
        if (over != null) {
            close.finish(over);
        } else {
            armNextCheck(close, now);
        }
    }

    /** Sees to it that the clock is looked at again. */
    static void armNextCheck(CloseSequence close, long now) {
        close.armAt(close.limits.nextFlushCheck(close, now));
    }
}
