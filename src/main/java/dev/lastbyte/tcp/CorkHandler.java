package dev.lastbyte.tcp;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.ChannelTimer;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.WriteBarrier;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Brings the flushes of one message into as few segments as it has bytes for: {@link SegmentPolicy#CORK}. Stands behind the
 * {@link GracefulCloseHandler} and in front of TLS, where it sees what goes to the kernel. Confined to the channel's event loop.
 */
final class CorkHandler extends ChannelDuplexHandler {
    /*
     * Two means, the cheaper first:
     *
     * 1. A flush is held until the event loop has finished with the channel for this turn: channelReadComplete, or a task. What
     *    was flushed in pieces then goes out in one gathering write, without any option. No byte is delayed by this.
     * 2. TCP_CORK, where the kernel has it, is on only while a message takes more than one system call: a file behind its
     *    header, a queue that had to be emptied within the turn, a message whose end has not been written yet. The cork is
     *    taken off when the last byte is in the kernel, not before.
     *
     * Without a cork (NIO), a message that has not ended is kept in Netty's queue instead, as long as the channel is writable.
     *
     * Whatever is held, in Netty or in the kernel, is released by the first of these: the message's end, push(), close(),
     * removal, the hold limit. A message that pauses for the whole limit is a stream (server-sent events). From then on each
     * turn's bytes leave with their turn, so that only the first pause of a stream delays it.
     *
     * Four states say where a connection is:
     *
     *   output    EMPTY --write--> WRITTEN --flush--> HELD --sent--> EMPTY
     *
     *   message   NONE --started--> OPEN --a pause as long as the limit--> STREAM --more within the limit--> OPEN
     *             OPEN, STREAM --ended--> NONE                 any --close--> CLOSED, for good
     *
     *   turn      NONE --flush--> AWAITED --push, ended--> URGENT
     *             AWAITED, URGENT --its task--> NONE           URGENT --read complete--> AWAITED
     *
     *   wait      NONE --held or corked, and more is to come--> SILENT --flush--> FED
     *             SILENT, FED --uncorked, or the limit--> NONE
     *
     * At the end of a turn, HELD output is sent. If its message is OPEN and the turn not URGENT, more is to come: then the cork
     * stays on, or without one the output stays HELD, and the wait begins.
     */

    /** How long bytes wait for the rest of their message: far below the kernel's own 200 ms. */
    static final Duration HOLD_LIMIT = Duration.ofMillis(10);

    /** What was written since output was last sent. */
    private enum Output {
        EMPTY,
        WRITTEN,
        /** Written and flushed, and not sent yet. */
        HELD
    }

    /** What the sender has said about the bytes that it writes. */
    private enum Message {
        NONE,
        OPEN,
        STREAM,
        /** The FIN follows what is queued, and the next message is not corked. */
        CLOSED
    }

    /** Whether a task will end the turn, and what leaves then. */
    private enum Turn {
        NONE,
        AWAITED,
        /** Everything leaves, whether its message has ended or not. */
        URGENT
    }

    /** What has happened since the hold limit began to run. */
    private enum Wait {
        NONE,
        SILENT,
        FED
    }

    private final long holdLimitNanos;
    private final SystemView system;
    private @Nullable Cork cork;
    private @Nullable ChannelTimer timer;

    private Output output = Output.EMPTY;
    private Message message = Message.NONE;
    private Turn turn = Turn.NONE;
    private Wait wait = Wait.NONE;
    private boolean hasFile; // a part of the output takes a system call of its own
    private long dueNanos; // when the wait is over

    CorkHandler() {
        this(HOLD_LIMIT, SystemView.REAL);
    }

    CorkHandler(Duration holdLimit, SystemView system) {
        holdLimitNanos = holdLimit.toNanos();
        this.system = system;
    }

    // ---- what the sender says --------------------------------------------------------------------------------------

    /** What is written from here on belongs together, until {@link #messageEnded}. */
    void messageStarted() {
        if (message == Message.NONE) {
            message = Message.OPEN;
        }
    }

    /** The message is written; what is held leaves with this turn, and what TLS still holds with its flush. */
    void messageEnded(ChannelHandlerContext ctx) {
        endMessage();
        push(ctx);
    }

    /** What was written leaves with this turn, whether its message has ended or not. */
    void push(ChannelHandlerContext ctx) {
        awaitTurn(ctx, Turn.URGENT);
    }

    private void endMessage() {
        if (message != Message.CLOSED) {
            message = Message.NONE;
        }
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
        endMessage(); // nobody will see its end
        release(ctx);
        stopTimer();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (output == Output.HELD) {
            output = Output.WRITTEN;
        }
        stopTimer();
        ctx.fireChannelInactive();
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object part, ChannelPromise promise) {
        if (output == Output.EMPTY) {
            output = Output.WRITTEN;
        }
        if (!(part instanceof ByteBuf) && !(part instanceof WriteBarrier)) {
            hasFile = true;
        }
        ctx.write(part, promise);
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        if (output == Output.EMPTY) {
            ctx.flush();
            return;
        }
        output = Output.HELD;
        if (wait == Wait.SILENT) {
            wait = Wait.FED;
        }
        awaitTurn(ctx, Turn.AWAITED);
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
        boolean urgent = turn == Turn.URGENT;
        if (urgent) {
            turn = Turn.AWAITED;
        }
        endTurn(ctx, urgent);
    }

    /** The close leaves nothing behind, and no cork is on when the FIN is sent. */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        message = Message.CLOSED;
        release(ctx);
        ctx.close(promise);
    }

    /** An unregistered channel cannot flush. */
    @Override
    public void deregister(ChannelHandlerContext ctx, ChannelPromise promise) {
        release(ctx);
        ctx.deregister(promise);
    }

    // ---- the turn --------------------------------------------------------------------------------------------------

    private void awaitTurn(ChannelHandlerContext ctx, Turn wanted) {
        Turn before = turn;
        if (before != Turn.URGENT) {
            turn = wanted;
        }
        if (before == Turn.NONE && !EventLoops.later(ctx, () -> onTurn(ctx))) {
            onTurn(ctx); // the event loop has ended: there is no later
        }
    }

    private void onTurn(ChannelHandlerContext ctx) {
        boolean urgent = turn == Turn.URGENT;
        turn = Turn.NONE; // before what follows calls out: it may be set again there
        endTurn(ctx, urgent);
    }

    private void endTurn(ChannelHandlerContext ctx, boolean urgent) {
        boolean more = message == Message.OPEN && !urgent;
        if (output == Output.HELD && more && cork == null && ctx.channel().isWritable()) {
            beginWait();
        } else if (output == Output.HELD) {
            send(ctx, more);
        } else if (!more) {
            uncork(ctx);
        }
    }

    /**
     * Empties a queue that is full, whether the turn is over or not: a sender that waits for room must not wait for us. A sender that
     * is limited by what is unacknowledged waits for the peer, which has not got what the cork holds.
     */
    private void relieve(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            return;
        }
        if (output == Output.HELD) {
            send(ctx, turn != Turn.URGENT);
        } else if (isCorked() && Cork.isSent(ctx)) {
            uncork(ctx);
        }
    }

    // ---- sending ---------------------------------------------------------------------------------------------------

    private void release(ChannelHandlerContext ctx) {
        if (output == Output.HELD) {
            send(ctx, false);
        } else {
            uncork(ctx);
        }
    }

    /** @param more whether more of the same message, or of the same turn, is to come */
    private void send(ChannelHandlerContext ctx, boolean more) {
        boolean severalCalls = more || hasFile;
        output = Output.EMPTY;
        hasFile = false;
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
        wait = Wait.NONE;
        if (cork != null) {
            cork.offWhenSent(ctx, () -> onNextMessageQueued(ctx));
        }
    }

    private void onNextMessageQueued(ChannelHandlerContext ctx) {
        if (message == Message.CLOSED || cork == null) {
            return;
        }
        cork.on();
        if (message == Message.OPEN && turn != Turn.URGENT) {
            beginWait();
        } else {
            uncork(ctx);
        }
    }

    // ---- the hold limit --------------------------------------------------------------------------------------------

    /** Starts the hold limit, unless it is running already. */
    private void beginWait() {
        if (wait == Wait.NONE && timer != null) {
            wait = Wait.SILENT;
            dueNanos = timer.now() + holdLimitNanos;
            timer.armAt(dueNanos);
        }
    }

    private void onHoldLimit(ChannelHandlerContext ctx) {
        ChannelTimer running = timer;
        if (wait == Wait.NONE || running == null) {
            return;
        }
        if (dueNanos - running.now() > 0) {
            running.armAt(dueNanos); // what it was armed for has gone out, and this is another wait
            return;
        }
        boolean fed = wait == Wait.FED;
        wait = Wait.NONE;
        if (isCorked() && !Cork.isSent(ctx)) {
            beginWait(); // the peer is slow: what is in the kernel will be followed by what is in the queue
            return;
        }
        if (message == Message.OPEN || message == Message.STREAM) {
            message = fed ? Message.OPEN : Message.STREAM;
        }
        release(ctx);
    }

    private void stopTimer() {
        wait = Wait.NONE;
        ChannelTimer running = timer;
        timer = null;
        if (running != null) {
            running.cancel();
        }
    }
}
