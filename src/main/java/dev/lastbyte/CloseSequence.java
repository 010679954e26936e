package dev.lastbyte;

import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.HalfClosure;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.LoopTimer;
import dev.lastbyte.internal.NettyGuard;
import dev.lastbyte.internal.OutboundFlush;
import dev.lastbyte.internal.SmallReads;
import dev.lastbyte.internal.SocketLinger;
import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.internal.UnsentOutput;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.nio.channels.NotYetConnectedException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The state machine of one connection's close, from {@code close()} to the report: takes in what happens, and decides which phase
 * comes next. {@link CloseLimits} says when a wait is over, {@link Delivery} what has arrived, {@link CloseRecord} keeps what the
 * report will say.
 *
 * <p>Tens of thousands of closes may wait at once, so it is one object that holds the facts itself. Confined to the channel's event
 * loop.
 */
final class CloseSequence extends LoopTimer.Entry implements Connection.RunningClose {
    /*
     * OPEN ──close()──► FLUSHING ──barrier──► HALF_CLOSING ──FIN──► DISCARDING ──EOF, quiet, limit──► CLOSING ──► CLOSED
     *                      │                        │                   │ EOF, not all acknowledged      ▲
     *                      │                        └───────────────► LINGERING ──acknowledged, limit────┘
     *                      └─ stalled, failed, forced ─► RESETTING ──► CLOSED
     *
     * Phase below has the table of legal moves, enter() refuses all others. What goes wrong inside ends the connection, see guarded().
     *
     * Why these steps, in this order:
     *
     * 1. The FIN says that the stream is complete. So it follows the last byte or is not sent at all: shutdownOutput() with bytes queued
     *    drops them and still sends a clean FIN, and a plain close after a failed flush does the same. Both would make a truncated
     *    answer look complete; hence the barrier, and SO_LINGER 0 where it does not come.
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

    /** Where a connection's close sequence stands, with the table of legal moves. */
    enum Phase {
        /** {@code close()} has arrived; the sequence has not started. */
        OPEN,
        /** Waiting until everything written is in the kernel. */
        FLUSHING,
        /** The last byte is in the kernel; SHUT_WR is under way. */
        HALF_CLOSING,
        /** Our FIN is queued; input is read and dropped until EOF or a limit. */
        DISCARDING,
        /** Waiting for the peer's acknowledgements, without reading. */
        LINGERING,
        /** SO_LINGER is 0 and the close is under way: the peer gets RST. */
        RESETTING,
        /** The plain close is under way. */
        CLOSING,
        /** The channel is closed and the report is out. */
        CLOSED;

        private static final Map<Phase, Set<Phase>> MOVES = new EnumMap<>(Phase.class);

        static {
            MOVES.put(OPEN, EnumSet.of(FLUSHING, RESETTING, CLOSING, CLOSED));
            MOVES.put(FLUSHING, EnumSet.of(HALF_CLOSING, DISCARDING, LINGERING, RESETTING, CLOSING, CLOSED));
            MOVES.put(HALF_CLOSING, EnumSet.of(DISCARDING, LINGERING, RESETTING, CLOSING, CLOSED));
            MOVES.put(DISCARDING, EnumSet.of(LINGERING, RESETTING, CLOSING, CLOSED));
            MOVES.put(LINGERING, EnumSet.of(RESETTING, CLOSING, CLOSED));
            MOVES.put(RESETTING, EnumSet.of(CLOSED));
            MOVES.put(CLOSING, EnumSet.of(CLOSED));
            MOVES.put(CLOSED, EnumSet.noneOf(Phase.class));
        }

        boolean mayBecome(Phase next) {
            Set<Phase> moves = MOVES.get(this);
            return moves != null && moves.contains(next);
        }

        /** Whether the end has been decided: nothing that the peer does now changes it. */
        boolean isEnding() {
            return this == RESETTING || this == CLOSING || this == CLOSED;
        }

        /** What a report calls it, if the end is decided here. */
        CloseReport.Step step() {
            return switch (this) {
                case OPEN -> CloseReport.Step.START;
                case FLUSHING -> CloseReport.Step.FLUSH;
                case HALF_CLOSING -> CloseReport.Step.HALF_CLOSE;
                case DISCARDING -> CloseReport.Step.DISCARD;
                case LINGERING -> CloseReport.Step.LINGER;
                case RESETTING, CLOSING, CLOSED -> CloseReport.Step.NONE;
            };
        }
    }

    private static final Logger LOG = Loggers.of(CloseSequence.class);

    /** Longer than any transport takes to close; a handler in front of ours may have swallowed the close. */
    static final long NET_NANOS = 5_000_000_000L;

    private final GracefulCloseConfig config;
    private final Connection connection;
    private final SystemView system;
    private final CloseLimits limits;
    private final CloseRecord record;
    private final @Nullable TlsClose tls;
    private ChannelHandlerContext ctx;
    private Phase phase = Phase.OPEN;
    private Delivery delivery;
    private CloseLimits.Input input = CloseLimits.Input.OFF;
    private @Nullable Discarding discarding; // of a peer that has sent something
    private @Nullable OutboundFlush flush; // while output is on its way to the kernel
    private boolean cutOff; // the application gets no input any more, and its writes fail
    private boolean eofSeen; // the peer has ended its side
    private boolean peerFirst; // it had done so when the close began
    private boolean finSent; // our FIN is queued in the kernel
    private boolean resetArmed; // should the transport close the channel now, the peer gets a reset

    /**
     * A close that has not begun.
     *
     * @param resetArmed whether the application has set SO_LINGER to 0
     * @param aborts whether it did so for this close
     */
    CloseSequence(
            ChannelHandlerContext ctx,
            GracefulCloseConfig config,
            Connection connection,
            SystemView system,
            boolean resetArmed,
            boolean aborts) {
        this.ctx = ctx;
        this.config = config;
        this.connection = connection;
        this.system = system;
        ctx.channel().remoteAddress(); // which the channel keeps, and the socket does not once it is closed
        long now = now();
        delivery = new Delivery(ctx.channel(), system);
        limits = new CloseLimits(config, now);
        record = new CloseRecord(now);
        this.resetArmed = resetArmed;
        record.aborted(resetArmed);
        if (aborts) {
            record.cause(CloseCause.ABORTED);
        }
        ChannelHandlerContext tlsContext = Placement.tlsBehind(ctx);
        tls = tlsContext == null ? null : TlsClose.of(tlsContext);
    }

    // ---- what may happen to it -------------------------------------------------------------------------------------

    /** It has got a place of its own in the pipeline. */
    void placed(ChannelHandlerContext own) {
        ctx = own;
    }

    /** Runs the sequence; the promise is completed when the channel is closed. */
    void start(ChannelPromise promise) {
        record.join(promise);
        if (record.isAbort()) {
            force(CloseCause.ABORTED);
        } else {
            guarded(this::begin);
        }
    }

    /** A further {@code close()} joins the first. */
    void join(ChannelPromise promise) {
        record.join(promise);
    }

    /** Ends an idle connection at the peer's EOF: nothing is pending, so a plain close loses nothing. */
    void endAtPeerEof(boolean wasReset) {
        eofSeen = true;
        record.reset(wasReset);
        force(wasReset ? CloseCause.RESET : CloseCause.EOF);
    }

    @Override
    public void force(CloseCause cause) {
        guarded(() -> {
            if (phase == Phase.OPEN && !OutboundFlush.isPending(ctx)) {
                record.flushed(now());
                markWritten(false);
            }
            if (!phase.isEnding()) {
                finish(cause);
            }
        });
    }

    @Override
    public void limit(long deadlineNanos) {
        guarded(() -> {
            if (!phase.isEnding() && limits.drainDeadline(deadlineNanos)) {
                armAt(deadlineNanos);
            }
        });
    }

    @Override
    public boolean isWaiting() {
        return phase == Phase.DISCARDING || phase == Phase.LINGERING;
    }

    @Override
    public boolean isEnding() {
        return phase.isEnding();
    }

    /** Whether the application gets no input any more, and its writes fail. */
    boolean isCutOff() {
        return cutOff;
    }

    /** Input has come that is dropped; with the bytes that TLS would have read, or null if it is of another kind. */
    void onRead(long bytes, @Nullable ByteBuf content) {
        if (tls != null && content != null) {
            tls.onDropped(content);
        }
        if (bytes > 0) {
            count(bytes);
            limits.inbound(now());
        }
    }

    /** The transport has delivered what there was. */
    void onReadComplete() {
        if (phase.isEnding()) {
            return;
        }
        boolean some = discarding != null && discarding.hasBurst();
        readOn(now());
        if (input == CloseLimits.Input.EXHAUSTED) {
            armAt(now()); // limits are judged by the timer alone: it knows whether the event loop has stood still
        } else if (input == CloseLimits.Input.READING
                && !some
                && phase == Phase.DISCARDING
                && !delivery.isDelivered()) {
            guarded(this::beforeEof);
        }
    }

    /** The peer has ended its side, in order or by a reset. */
    void onEof(boolean reset) {
        if (eofSeen || phase.isEnding() || !channel().isOpen()) {
            return; // NIO reads from a channel that its failed write has just closed; channelInactive follows
        }
        eofSeen = true;
        record.reset(reset);
        stopReading();
        guarded(() -> {
            if (isWaiting()) {
                endWaitAtEof(reset);
            } else if (reset) {
                finish(CloseCause.RESET);
            } else {
                EpollHalfOpenFlush.install(ctx);
            }
        });
    }

    /** Keeps an exception for the report, in case the event follows that makes it the transport's. */
    void onTransportError(Throwable cause) {
        record.suspect(cause);
    }

    /** The channel has become inactive. */
    void onInactive(boolean reset) {
        guarded(() -> {
            if (!phase.isEnding()) {
                record.reset(reset);
                record.cause(inactiveCause(reset));
                record.waitEnded(phase.step(), now());
                UnsentOutput.of(channel()).ifPresent(record::cut);
            }
            onClosed();
        });
    }

    private CloseCause inactiveCause(boolean reset) {
        if (reset) {
            return CloseCause.RESET;
        }
        if (phase == Phase.FLUSHING && !HalfClosure.isSupported(channel()) && !OutboundFlush.isPending(ctx)) {
            record.flushed(now()); // an HTTP/2 stream ends by itself behind its last frame
            return CloseCause.HALF_CLOSE_UNSUPPORTED;
        }
        // A handler nearer to the transport may have closed the channel; else it was the transport, at the peer's EOF.
        if (!isWaiting() || channel().eventLoop().isShuttingDown() || !Placement.isFirst(ctx)) {
            return CloseRecord.transportCause(channel());
        }
        eofSeen = true;
        noteEof();
        return sweep() != null ? CloseCause.TLS_HANDSHAKE : CloseCause.EOF;
    }

    // ---- the clock -------------------------------------------------------------------------------------------------

    private long now() {
        return system.nanoTime();
    }

    /** Wakes the close at the given moment, or earlier. */
    private void armAt(long nanos) {
        LoopTimer.arm(this, nanos, ctx.executor(), system);
    }

    @Override
    public void onStandstill(long nanos) {
        EventLoops.run(ctx.executor(), () -> {
            limits.stoodStill(nanos, delivery.canTell(), now());
            TlsHandshakeSweep sweep = sweep();
            if (sweep != null) {
                sweep.stoodStill(nanos);
            }
        });
    }

    @Override
    public void onDue(long nanos) {
        if (!EventLoops.run(ctx.executor(), () -> onTimer(nanos))) {
            LOG.debug("{} has an event loop that does not run any more", channel());
        }
    }

    private void onTimer(long nanos) {
        guarded(() -> {
            if (phase == Phase.RESETTING || phase == Phase.CLOSING) {
                closeBelow();
            } else {
                evaluate(nanos);
            }
        });
    }

    /** Asks the kernel, and judges by the given moment what is over. */
    private void evaluate(long now) {
        switch (phase) {
            case FLUSHING, HALF_CLOSING -> evaluateFlush(now);
            case DISCARDING, LINGERING -> {
                look(now);
                if (finSent) {
                    HalfClosure.releaseOutput(channel());
                }
                if (!phase.isEnding()) {
                    evaluateWait(now);
                }
            }
            case OPEN, RESETTING, CLOSING, CLOSED -> {}
        }
    }

    // ---- FLUSHING: everything written goes into the kernel, input is dropped meanwhile ------------------------------

    private void begin() {
        eofSeen = HalfClosure.isInputShutdown(channel());
        peerFirst = eofSeen;
        enter(Phase.FLUSHING);
        EventListeners.closeStarted(channel());
        if (config.firesUserEvents()) {
            ctx.fireUserEventTriggered(CloseStartedEvent.INSTANCE);
        }
        if (phase != Phase.FLUSHING) {
            return;
        }
        if (HalfClosure.isOutputShutdown(channel())) {
            record.streamUnknown();
            delivery.cannotTell();
            disarmReset();
            record.flushed(now());
            finSent = true;
            startWait();
        } else if (channel().isRegistered()) {
            startFlush();
        } else { // somebody deregistered the channel; NIO cannot even write then
            awaitNet();
            channel().eventLoop().register(channel()).addListener(f -> guarded(this::startFlush));
        }
    }

    private void startFlush() {
        if (eofSeen) {
            EpollHalfOpenFlush.install(ctx); // before the flush that would fail without it
        }
        if (flush().hasMore()) {
            armReset(); // not in the listener of the last write, the commonest close, which pays for nothing here
        }
        ChannelFuture barrier = flush().start();
        if (barrier.isDone()) {
            onBarrier(barrier);
            return;
        }
        barrier.addListener(f -> guarded(() -> onBarrier((ChannelFuture) f)));
        cutOff = true;
        boolean outlivesEof = !HalfClosure.isSupported(channel()) || HalfClosure.outliveEof(channel());
        // In the listener of the last write the barrier comes as soon as we return: the common case pays no more.
        if (!flush().isOnlyBarrierLeft() || !later(() -> awaitBarrier(outlivesEof))) {
            awaitBarrier(outlivesEof);
        }
    }

    private void awaitBarrier(boolean outlivesEof) {
        if (phase != Phase.FLUSHING) {
            return;
        }
        armReset();
        if (outlivesEof && !eofSeen) {
            startReading();
        } else {
            stopReading(); // an EOF seen now would end the channel below us, with its output
        }
        armNextFlushCheck(now());
    }

    private void onBarrier(ChannelFuture barrier) {
        if (phase != Phase.FLUSHING) {
            return;
        }
        if (!barrier.isSuccess()) {
            onFlushFailed(barrier.cause());
        } else if (flush().hasMore()) {
            cutOff = true; // a write's listener has written behind the barrier; now nobody can any more
            startFlush();
        } else {
            onFlushed();
        }
    }

    /**
     * From here on the peer gets a reset, whoever closes the channel: a transport whose write failed, an event loop that is shut
     * down. A FIN would make the truncated answer look complete.
     */
    private void armReset() {
        channel().config().setAutoClose(true); // without it Netty answers a failed write with a FIN
        if (!resetArmed) {
            resetArmed = true;
            record.aborted(SocketLinger.resetOnClose(channel()));
        }
    }

    /** Everything written is in the kernel: nothing is truncated any more, and what the kernel holds must not be lost by a reset. */
    private void disarmReset() {
        if (resetArmed) {
            resetArmed = false;
            SocketLinger.finOnClose(channel());
            record.aborted(false);
        }
    }

    private void onFlushFailed(Throwable cause) {
        record.failed(cause);
        if (channel().isOpen()) {
            finish(CloseCause.WRITE_FAILED);
        } else { // the transport has closed itself; channelInactive follows
            record.cut(flush().unsentBytes());
            record.cause(
                    channel().eventLoop().isShuttingDown() ? CloseCause.EVENT_LOOP_SHUTDOWN : CloseCause.WRITE_FAILED);
            awaitNet();
        }
    }

    private void evaluateFlush(long now) {
        resumeIfDue(now);
        look(now);
        if (flush().progressed()) {
            limits.outbound(config, now);
        }
        CloseCause over = limits.flushEnd(config, now);
        if (over != null) {
            finish(over);
        } else if (!phase.isEnding()) {
            askTable(now);
            armNextFlushCheck(now);
        }
    }

    private void armNextFlushCheck(long now) {
        armAt(orEndOfPause(limits.nextFlushCheck(config, now)));
    }

    /** The way of what was written into the kernel. */
    private OutboundFlush flush() {
        OutboundFlush known = flush;
        if (known == null) {
            known = new OutboundFlush(ctx);
            flush = known;
        }
        return known;
    }

    /** Everything written is in the kernel. */
    private void onFlushed() {
        long now = now();
        disarmReset();
        record.flushed(now);
        limits.begin(now);
        if (!HalfClosure.isSupported(channel())) {
            finish(CloseCause.HALF_CLOSE_UNSUPPORTED);
            return;
        }
        boolean halfCloses = config.strategy().halfCloses();
        markWritten(halfCloses);
        if (eofSeen && !awaitsDelivery()) {
            finish(CloseCause.EOF);
        } else if (halfCloses) {
            halfClose();
        } else {
            startWait();
        }
    }

    // ---- HALF_CLOSING: the FIN follows the last byte ---------------------------------------------------------------

    /**
     * Sends the FIN with a task of its own. Netty makes an exception for what is written behind it, which costs as much as the stack is
     * deep, and close() comes from deep inside; and what other connections have to say in this turn goes first.
     */
    private void halfClose() {
        enter(Phase.HALF_CLOSING);
        cutOff = true;
        // Until the task runs, an EOF could end the channel, or a handler in front of ours write; an ended loop runs
        // none.
        boolean canWait = HalfClosure.outliveEof(channel()) && Placement.isFirst(ctx);
        if (!canWait || !later(this::sendFinInTurn)) {
            sendFin();
        }
    }

    private void sendFinInTurn() {
        if (ctx.handler() instanceof GracefulCloseHandler closing) {
            closing.turnEnded();
        }
        sendFin();
    }

    private void sendFin() {
        if (phase != Phase.HALF_CLOSING) {
            return;
        }
        ChannelFuture sent =
                Placement.isFirst(ctx) ? HalfClosure.sendFin(channel()) : HalfClosure.shutdownOutput(channel());
        sent.addListener(fin -> guarded(() -> onFin((ChannelFuture) fin)));
        if (phase == Phase.HALF_CLOSING) {
            armNextFlushCheck(now());
        }
    }

    private void onFin(ChannelFuture fin) {
        if (phase != Phase.HALF_CLOSING) {
            return;
        }
        if (!fin.isSuccess()) {
            record.failed(fin.cause());
            record.reset(fin.cause() instanceof NotYetConnectedException); // ENOTCONN: reset before our FIN
            finish(CloseCause.RESET);
            return;
        }
        flush = null;
        finSent = true;
        delivery.markFin();
        startWait();
    }

    // ---- DISCARDING, LINGERING: waiting for the peer's EOF or its acknowledgements ---------------------------------

    private void startWait() {
        long now = limits.waitBegan(); // not a later moment: the process may have been stopped since
        boolean discards = config.strategy().discards() && !eofSeen;
        if (!discards && !awaitsDelivery()) {
            finish(eofSeen ? CloseCause.EOF : CloseCause.NOT_AWAITED);
        } else if (tls != null && tls.isWithoutSession()) {
            if (eofSeen) {
                finish(CloseCause.EOF);
            } else { // nothing to wait for but what has arrived already
                tls.beginSweep(config.quietPeriodNanos(), now);
                discard(now);
            }
        } else if (discards) {
            discard(now);
        } else {
            linger(now);
        }
    }

    private void discard(long now) {
        enter(Phase.DISCARDING);
        if (!delivery.canTell() || delivery.isDelivered() || !HalfClosure.outliveEof(channel())) {
            HalfClosure.endAtEof(channel());
        }
        cutOff = true;
        startReading();
        if (phase == Phase.DISCARDING) {
            evaluateWait(now);
        }
    }

    /** The sweep of a close that began without a TLS session, or null. */
    private @Nullable TlsHandshakeSweep sweep() {
        return tls == null ? null : tls.sweep();
    }

    /** Waits for acknowledgements alone. */
    private void linger(long now) {
        enter(Phase.LINGERING);
        if (!eofSeen) {
            HalfClosure.outliveEof(channel());
            cutOff = true;
        }
        stopReading();
        evaluateWait(now);
    }

    /**
     * A read found nothing: most likely the peer's EOF, which the transport acts on next. If everything has arrived it may end the
     * channel, and is spared half of it.
     */
    private void beforeEof() {
        look(now());
        if (delivery.isDelivered() && Placement.isFirst(ctx)) {
            HalfClosure.endAtEof(channel());
        }
    }

    private void endWaitAtEof(boolean reset) {
        long now = now();
        limits.inbound(now);
        look(now);
        noteEof();
        if (reset || delivery.isLost()) {
            finish(CloseCause.RESET);
        } else if (sweep() != null) {
            finish(CloseCause.TLS_HANDSHAKE);
        } else if (delivery.isDelivered() || !awaitsDelivery()) {
            finish(CloseCause.EOF);
        } else if (phase == Phase.DISCARDING) {
            linger(now);
        }
    }

    private void noteEof() {
        record.eofAfterFin(finSent && delivery.isDelivered() && delivery.tellsOrder());
    }

    private void evaluateWait(long now) {
        if (delivery.isDelivered() && phase == Phase.LINGERING) {
            finish(eofSeen ? CloseCause.EOF : CloseCause.ACKNOWLEDGED);
            return;
        }
        CloseCause over = waitEnd(now);
        if (over != null) {
            finish(over);
        }
        if (phase.isEnding()) {
            return;
        }
        if (delivery.isDelivered()) {
            HalfClosure.endAtEof(channel());
        }
        askTable(now);
        long crowd = LoopTimer.lookPause(this);
        armAt(orEndOfPause(limits.nextWaitCheck(config, input, delivery, now, crowd)));
        TlsHandshakeSweep sweep = sweep();
        if (sweep != null) {
            armAt(sweep.nextCheck());
        }
    }

    /** Why the wait is over, or null while it goes on. */
    private @Nullable CloseCause waitEnd(long now) {
        resumeIfDue(now);
        if (delivery.isLost()) {
            return CloseCause.RESET;
        }
        CloseCause over = limits.waitEnd(config, input, delivery, now);
        boolean paused = input == CloseLimits.Input.PAUSED;
        TlsHandshakeSweep sweep = sweep();
        boolean swept = sweep != null
                && (over == CloseCause.QUIET || (over == null && sweep.isOver(discardedBytes(), paused, now)));
        return swept ? CloseCause.TLS_HANDSHAKE : over;
    }

    /**
     * Whether the strategy waits for the peer's acknowledgements, and can. Not once the peer has ended its side where that
     * would cost the event loop a whole core.
     */
    private boolean awaitsDelivery() {
        return config.strategy().awaitsDelivery()
                && delivery.canTell()
                && !(eofSeen && NettyGuard.spinsWhenHalfClosed(channel()));
    }

    // ---- CLOSING, RESETTING: the socket itself ---------------------------------------------------------------------

    /** Ends every wait and closes the socket, unless a call out of this sequence has come back and done so. */
    private void finish(CloseCause cause) {
        if (phase.isEnding()) {
            return;
        }
        if (phase == Phase.FLUSHING
                && cause != CloseCause.WRITE_FAILED
                && !record.isReset()
                && (flush == null ? !OutboundFlush.isPending(ctx) : flush.isOnlyBarrierLeft())) {
            record.flushed(now()); // nothing was queued, or only the barrier is (io_uring takes a turn for that)
            markWritten(false);
        }
        long now = now();
        boolean cut = !record.isFlushed();
        if (cut) {
            record.cut(flush().unsentBytes());
        }
        look(now);
        record.cause(cause);
        record.waitEnded(phase.step(), now);
        boolean resets = cut || record.isAbort() || (isUndelivered(cause) && config.stalledPeer() == StalledPeer.RESET);
        if (resets && kernelResets()) {
            enter(Phase.RESETTING);
            armReset();
            if (cut && HalfClosure.isOutputShutdown(channel())) {
                record.aborted(false); // the transport has sent a FIN already
            }
        } else {
            enter(Phase.CLOSING);
            disarmReset();
            leaveToKernel();
        }
        closeSocket();
    }

    private boolean isUndelivered(CloseCause cause) {
        return delivery.canTell() && !delivery.isDelivered() && !delivery.isLost() && CloseRecord.isLimit(cause);
    }

    /** Whether SO_LINGER 0 makes the kernel send a reset; where it cannot be asked, it does. */
    private boolean kernelResets() {
        TcpInfo info = system.hasTcpInfo(channel()) ? system.tcpInfo(channel()) : null;
        return info == null || info.resetsOnClose();
    }

    private void leaveToKernel() {
        if (!delivery.isDelivered() && !delivery.isLost()) {
            SocketLinger.boundKernel(channel(), limits.kernelPatience(config));
        }
    }

    private void closeSocket() {
        Channel channel = channel();
        if (channel.isRegistered()) {
            closeContext();
        } else {
            // Somebody deregistered the channel: io_uring closes no descriptor of an unregistered one.
            channel.eventLoop().register(channel).addListener(f -> closeContext());
        }
        if (phase != Phase.CLOSED) {
            awaitNet();
        }
    }

    private void closeContext() {
        ctx.close().addListener(f -> guarded(this::onClosed));
    }

    /** Sees to it that the end comes, whatever the transport does. */
    private void awaitNet() {
        LoopTimer.cancel(this);
        armAt(now() + NET_NANOS);
    }

    /** The transport has not closed in time. */
    private void closeBelow() {
        LOG.warn(
                "{} did not close within {} s of being told to; closing it past all handlers",
                channel(),
                NET_NANOS / 1_000_000_000L);
        closePastHandlers();
        onClosed();
    }

    private void closePastHandlers() {
        Channel channel = channel();
        channel.unsafe().close(channel.voidPromise());
        if (channel.isOpen()) {
            channel.unsafe().closeForcibly();
        }
    }

    // ---- CLOSED: the report goes out -------------------------------------------------------------------------------

    private void onClosed() {
        if (phase == Phase.CLOSED) {
            return;
        }
        LoopTimer.cancel(this);
        enter(Phase.CLOSED);
        CloseReport.Builder report = record.describe(channel(), config, delivery, finSent, now());
        report.discardedBytes = discardedBytes();
        OptionalLong late = OptionalLong.of(report.discardedBytes);
        if (tls != null) {
            report.tlsEnd = tls.end(eofSeen && !record.isReset() && !delivery.isLost());
            late = tls.applicationBytes();
        }
        record.publish(channel(), config, connection, report, late.orElse(0), finSent && !peerFirst);
    }

    // ---- input: read and dropped, at its pace and up to its limit ---------------------------------------------------

    /*
     * Reads are issued from the handler nearest the transport, so that neither autoRead nor a handler that swallows read() can
     * stop them.
     */

    private void startReading() {
        if (input == CloseLimits.Input.OFF) {
            input = CloseLimits.Input.READING;
            if (config.maxDiscardedBytes() == 0) {
                suspendReading(CloseLimits.Input.EXHAUSTED);
            } else {
                SmallReads.limit(channel());
                ctx.read();
            }
        }
    }

    private void stopReading() {
        suspendReading(CloseLimits.Input.OFF);
    }

    private void suspendReading(CloseLimits.Input why) {
        input = why;
        channel().config().setAutoRead(false);
    }

    private void count(long bytes) {
        Discarding known = discarding;
        if (known == null) {
            known = new Discarding(config.discardBytesPerSecond(), now());
            discarding = known;
        }
        if (known.read(bytes) >= config.maxDiscardedBytes() && input != CloseLimits.Input.OFF) {
            suspendReading(CloseLimits.Input.EXHAUSTED);
        }
    }

    /** The burst is over: reads on, or pauses. */
    private void readOn(long now) {
        Discarding known = discarding;
        long pause = known != null && known.hasBurst() ? known.endBurst(now) : 0;
        if (input != CloseLimits.Input.READING) {
            return;
        }
        if (known == null || pause == 0) {
            ctx.read();
        } else {
            known.pauseUntil(now + pause);
            suspendReading(CloseLimits.Input.PAUSED);
            armAt(now + pause);
        }
    }

    private void resumeIfDue(long now) {
        if (input == CloseLimits.Input.PAUSED && discarding != null && now - discarding.resumeNanos() >= 0) {
            input = CloseLimits.Input.READING;
            limits.resumed(now);
            ctx.read();
        }
    }

    /** The given moment, or the end of a pause if that is earlier. */
    private long orEndOfPause(long nanos) {
        return input == CloseLimits.Input.PAUSED && discarding != null
                ? CloseLimits.earlier(nanos, discarding.resumeNanos())
                : nanos;
    }

    private long discardedBytes() {
        return discarding == null ? 0 : discarding.bytes();
    }

    // ---- what the kernel says --------------------------------------------------------------------------------------

    /** The last byte is in the kernel: notes how much has been written, and whether our FIN must be acknowledged too. */
    private void markWritten(boolean finFollows) {
        delivery.markWritten(channel(), system, finFollows);
    }

    /** Asks the kernel how far the peer's acknowledgements have come. */
    private void look(long now) {
        TcpInfo seen = delivery.poll(channel(), system);
        if (seen != null) {
            limits.rtt(seen.rttMicros());
        }
        if (delivery.progressed()) {
            limits.outbound(config, now);
        }
        if (delivery.isDelivered()) {
            limits.delivered(config, seen == null ? now : now() - seen.ackAgeMillis() * 1_000_000, now);
            delivery = delivery.settled();
        }
    }

    /** Where nothing else tells, the table of sockets says whether a close that makes no progress waits for acknowledgements. */
    private void askTable(long now) {
        if (delivery.wantsTable(limits.isSilent(config, now))) {
            delivery.asked(system.askTable(channel(), row -> EventLoops.later(ctx, () -> guarded(() -> onTable(row)))));
        }
    }

    private void onTable(SocketTable.@Nullable Row row) {
        if (phase.isEnding()) {
            return;
        }
        long now = now();
        if (delivery.shown(row, record.isFlushed())) {
            limits.outbound(config, now);
        }
        armAt(now);
    }

    /** Bytes that have not reached the kernel or, where it tells, the peer's TCP. */
    private long pendingBytes() {
        return record.isFlushed() ? Math.max(0, delivery.unacknowledged(finSent)) : OutboundFlush.pendingBytes(ctx);
    }

    // ---- phases and threads ----------------------------------------------------------------------------------------

    private Channel channel() {
        return ctx.channel();
    }

    private void enter(Phase next) {
        if (!phase.mayBecome(next)) {
            throw new IllegalStateException(channel() + " cannot go from " + phase + " to " + next);
        }
        if (LOG.isDebugEnabled()) {
            LOG.debug("{} {} -> {}", channel(), phase, next);
        }
        record.left(phase.step(), system);
        phase = next;
    }

    /** Runs a step as a task of its own; returns false if the event loop has ended. */
    private boolean later(Runnable step) {
        return EventLoops.later(ctx, () -> guarded(step));
    }

    /** Whatever goes wrong inside, the connection ends and its promises complete. */
    private void guarded(Runnable step) {
        try {
            step.run();
            if (!phase.isEnding()) {
                connection.pending(pendingBytes());
            }
        } catch (Throwable t) {
            LOG.warn("{} the close sequence failed in {}; closing at once", channel(), phase, t);
            record.failed(t);
            record.cause(CloseCause.ERROR);
            if (!phase.isEnding()) {
                record.waitEnded(phase.step(), now());
            }
            resetUnlessFlushed();
            closePastHandlers();
            onClosed();
        }
    }

    private void resetUnlessFlushed() {
        try {
            if (!record.isFlushed() && channel().isOpen() && flush().hasMore()) {
                record.cut(flush().unsentBytes());
                armReset();
            }
        } catch (Throwable t) {
            LOG.debug("{} cannot be made to reset", channel(), t);
        }
    }
}
