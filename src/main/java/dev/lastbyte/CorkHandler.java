package dev.lastbyte;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Brings the flushes of one message into as few segments as it has bytes for: {@link SegmentPolicy#CORK}. Stands behind the
 * {@link GracefulCloseHandler} and in front of TLS, where it sees what goes to the kernel.
 *
 * <p>Confined to the channel's event loop.
 */
final class CorkHandler extends ChannelDuplexHandler {
    /*
     * Two means, the cheaper first:
     *
     * 1. A flush is held until the event loop is done with the channel for this turn: channelReadComplete, or a task. What
     *    was flushed one by one then goes out in one gathering write, without any option. It costs no byte any time.
     * 2. TCP_CORK, where the kernel has it, is on only while a message takes more than one system call: a file behind its
     *    header, a queue that had to be emptied in mid-turn, a message whose end has not been written yet. The cork is
     *    taken off when the last byte is in the kernel, not before.
     *
     * Without a cork (NIO), a message that is not over is kept in Netty's queue instead, as long as the channel is writable.
     *
     * Whatever is held, in Netty or in the kernel, is let go by the first of: the message's end, push(), close(), removal,
     * the hold limit. A message that pauses for the whole limit is a stream (server-sent events): from then on each turn's
     * bytes leave with their turn, so that only its first pause is paid for.
     */

    /** How long bytes wait for the rest of their message: far below the kernel's own 200 ms. */
    static final Duration HOLD_LIMIT = Duration.ofMillis(10);

    private final long holdLimitNanos;
    private final SystemView system;
    private @Nullable Cork cork;
    private @Nullable ChannelTimer timer;

    // what has been written
    private boolean unflushed;
    private boolean files;
    private boolean held;
    private boolean turnAwaited;

    // what the sender has said
    private boolean open;
    private boolean streaming;
    private boolean urgent;
    private boolean closing;

    // what is being held back
    private boolean waiting;
    private boolean moreCame;
    private long dueNanos;

    CorkHandler() {
        this(HOLD_LIMIT, SystemView.REAL);
    }

    CorkHandler(Duration holdLimit, SystemView system) {
        holdLimitNanos = holdLimit.toNanos();
        this.system = system;
    }

    // ---- what the sender says --------------------------------------------------------------------------------------

    /** More bytes belong together from here on, until {@link #messageEnded}. */
    void messageStarted() {
        if (!open) {
            open = true;
            streaming = false;
        }
    }

    /** The message is written; what is held leaves with this turn, and what TLS still holds with its flush. */
    void messageEnded(ChannelHandlerContext ctx) {
        open = false;
        push(ctx);
    }

    /** What was written leaves with this turn, whether its message is over or not. */
    void push(ChannelHandlerContext ctx) {
        urgent = true;
        awaitTurn(ctx);
    }

    // ---- the pipeline ----------------------------------------------------------------------------------------------

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (system.hasTcpInfo(ctx.channel())) {
            cork = new Cork(ctx.channel()); // a transport that tells the one takes the other
        }
        timer = new ChannelTimer(ctx, system, () -> onHoldLimit(ctx));
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        open = false; // nobody will see its end
        letGo(ctx);
        stopTimer();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        held = false;
        stopTimer();
        ctx.fireChannelInactive();
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        unflushed = true;
        if (!(message instanceof ByteBuf)) {
            files = true;
        }
        ctx.write(message, promise);
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        if (!unflushed) {
            ctx.flush();
            return;
        }
        held = true;
        moreCame = true;
        awaitTurn(ctx);
        relieve(ctx);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        relieve(ctx);
        ctx.fireChannelWritabilityChanged();
    }

    /** The handlers behind answer here at the latest, and many flush here. */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.fireChannelReadComplete();
        endTurn(ctx);
    }

    /** Nothing may be left behind by the close, and no cork be on when the FIN is sent. */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        closing = true;
        open = false;
        letGo(ctx);
        ctx.close(promise);
    }

    /** An unregistered channel cannot flush. */
    @Override
    public void deregister(ChannelHandlerContext ctx, ChannelPromise promise) {
        letGo(ctx);
        ctx.deregister(promise);
    }

    // ---- inside ----------------------------------------------------------------------------------------------------

    private void awaitTurn(ChannelHandlerContext ctx) {
        if (turnAwaited) {
            return;
        }
        turnAwaited = true;
        try {
            ctx.executor().execute(() -> onTurn(ctx));
        } catch (RejectedExecutionException e) {
            turnAwaited = false;
            endTurn(ctx); // the event loop has ended: there is no later
        }
    }

    private void onTurn(ChannelHandlerContext ctx) {
        if (!ctx.executor().inEventLoop()) {
            ctx.executor().execute(() -> onTurn(ctx)); // the channel has moved to another event loop
            return;
        }
        turnAwaited = false;
        endTurn(ctx);
    }

    private void endTurn(ChannelHandlerContext ctx) {
        boolean more = isMoreOwed();
        urgent = false; // before what follows calls out: it may be said again there
        if (held && more && cork == null && ctx.channel().isWritable()) {
            beginWait();
        } else if (held) {
            send(ctx, more);
        } else if (!more) {
            uncork(ctx);
        }
    }

    private boolean isMoreOwed() {
        return open && !streaming && !urgent;
    }

    /**
     * A sender that waits for room must not wait for us: a queue that is full is emptied, turn or not. One that is limited by what is
     * unacknowledged waits for the peer, who has not got what the cork holds.
     */
    private void relieve(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            return;
        }
        if (held) {
            send(ctx, !urgent);
        } else if (isCorked() && Cork.isSent(ctx)) {
            uncork(ctx);
        }
    }

    private void letGo(ChannelHandlerContext ctx) {
        if (held) {
            send(ctx, false);
        } else {
            uncork(ctx);
        }
    }

    private void send(ChannelHandlerContext ctx, boolean more) {
        boolean severalCalls = more || files;
        held = false;
        unflushed = false;
        files = false;
        if (severalCalls && cork != null) {
            cork.on();
        }
        ctx.flush();
        if (!more) {
            uncork(ctx);
        } else if (isCorked()) {
            beginWait();
        }
    }

    private boolean isCorked() {
        return cork != null && cork.isOn();
    }

    /** Lets the last, partial segment go. */
    private void uncork(ChannelHandlerContext ctx) {
        waiting = false;
        if (cork != null) {
            cork.offWhenSent(ctx, () -> onNextMessageQueued(ctx));
        }
    }

    private void onNextMessageQueued(ChannelHandlerContext ctx) {
        if (closing || cork == null) {
            return; // the FIN follows what is queued, and no cork may be on then
        }
        cork.on();
        if (isMoreOwed()) {
            beginWait();
        } else {
            uncork(ctx);
        }
    }

    // ---- the hold limit --------------------------------------------------------------------------------------------

    /** Begins to count, unless the wait has begun already. */
    private void beginWait() {
        if (!waiting && timer != null) {
            waiting = true;
            moreCame = false;
            dueNanos = timer.now() + holdLimitNanos;
            timer.armAt(dueNanos);
        }
    }

    private void onHoldLimit(ChannelHandlerContext ctx) {
        ChannelTimer running = timer;
        if (!waiting || running == null) {
            return;
        }
        if (dueNanos - running.now() > 0) {
            running.armAt(dueNanos); // what it was armed for has gone out, and this is another wait
            return;
        }
        waiting = false;
        if (isCorked() && !Cork.isSent(ctx)) {
            beginWait(); // the peer is slow: what is in the kernel will be followed by what is in the queue
            return;
        }
        streaming = open && !moreCame;
        letGo(ctx);
    }

    private void stopTimer() {
        waiting = false;
        ChannelTimer running = timer;
        timer = null;
        if (running != null) {
            running.cancel();
        }
    }
}
