package dev.lastbyte.drain;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseReport;
import dev.lastbyte.Connection;
import dev.lastbyte.FarewellSource;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.LoopCounters.Count;
import dev.lastbyte.drain.OpenConnection.State;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.OptionalHandlers;
import dev.lastbyte.internal.OutboundFlush;
import dev.lastbyte.internal.TransportKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ServerChannel;
import io.netty.util.AttributeKey;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * One connection as its manager sees it. Confined to the event loop on which the connection began: if the channel moves to another one,
 * its calls are handed back to the first.
 */
final class ManagedConnection extends ConnectionList.Node<ManagedConnection> implements Connection {
    private static final Logger LOG = Loggers.of(ManagedConnection.class);

    /** Nanoseconds, left with the listener. */
    private static final AttributeKey<Long> UNANSWERED_PERIOD =
            AttributeKey.valueOf(ManagedConnection.class, "unansweredPeriod");

    private final ConnectionRegistry registry;
    private GracefulCloseConfig config;
    private @Nullable LoopConnections home;
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable RunningClose close;
    private @Nullable Silence silence; // in a drain
    private long sinceNanos;
    private long closingSinceNanos;
    private long pendingBytes;
    private int openExchanges;
    private int answered; // exchanges that have ended since a drain began
    private int abandoned; // exchanges that end without a complete answer
    private boolean told;
    private short longLived; // how many streams and tunnels have begun and not ended
    private boolean counted; // exchanges have been reported
    private boolean budgeted;
    private boolean announced;

    ManagedConnection(GracefulCloseConfig config, ConnectionRegistry registry) {
        this.config = config;
        this.registry = registry;
    }

    // ---- what the handler asks -------------------------------------------------------------------------------------

    @Override
    public GracefulCloseConfig config() {
        return config;
    }

    /** The user's own handler keeps its configuration; one of another manager stays there. */
    @Override
    public @Nullable Connection adopt(Connection own) {
        if (!(own instanceof ManagedConnection managed)) {
            config = own.config();
            return this;
        }
        if (managed.registry != registry && registry.mayWarnOfAnother()) {
            LOG.warn(
                    "a connection has the handlers of two GracefulCloseManagers; it stays with the one whose newHandler() its pipeline adds,"
                            + " and a drain of the other does not close it: make childHandler() and newHandler() with one manager");
        }
        released();
        return managed;
    }

    @Override
    public CloseCause forcedBy() {
        DrainPlan plan = registry.plan();
        return plan != null && plan.phase() == DrainPhase.FORCING ? CloseCause.DRAIN_DEADLINE : CloseCause.FORCED;
    }

    // ---- what the handler tells ------------------------------------------------------------------------------------

    @Override
    public void opened(ChannelHandlerContext ctx) {
        this.ctx = ctx; // a second handler may take over
        if (home == null && isConnection(ctx.channel())) {
            sinceNanos = registry.system().nanoTime();
            LoopConnections loop = registry.of(ctx.channel().eventLoop());
            home = loop;
            loop.add(this);
        }
    }

    /** Not a channel within a connection, such as an HTTP/2 stream. */
    private static boolean isConnection(Channel channel) {
        return channel.parent() == null || channel.parent() instanceof ServerChannel;
    }

    @Override
    public void announced() {
        if (!announced && home != null) {
            announced = true;
            installFarewell(context());
        }
        atHome(loop -> loop.announced(this));
    }

    private void installFarewell(ChannelHandlerContext closer) {
        FarewellInstaller farewells = registry.farewells();
        try {
            if (farewells != null) {
                farewells.install(closer);
            }
        } catch (RuntimeException | Error e) {
            LOG.warn("{} has no farewell: the FarewellInstaller threw", closer.channel(), e);
        }
    }

    @Override
    public void exchanges(int open) {
        if (home == null) {
            openExchanges = open;
            counted = true;
        }
        atHome(loop -> {
            counted = true;
            if (list != null) {
                if ((open > 0) != hasOpenExchange()) {
                    loop.counters().add(Count.IN_EXCHANGE, open > 0 ? 1 : -1);
                }
                countAnswered(loop, openExchanges - open);
            }
            openExchanges = open;
        });
    }

    @Override
    public void abandoned() {
        atHome(loop -> abandoned++);
    }

    /** Exchanges have ended. An answer that a closed connection could not take any more is none. */
    private void countAnswered(LoopConnections loop, int closed) {
        int without = Math.min(abandoned, Math.max(0, closed));
        abandoned -= without;
        int ended = closed - without;
        if (ended > 0 && channel().isActive()) {
            loop.counters().add(Count.ANSWERED, ended);
            if (registry.plan() != null) {
                answered += ended;
            }
        }
    }

    @Override
    public void longLived(boolean begins) {
        if (home == null) {
            countLongLived(begins);
        }
        atHome(loop -> {
            countLongLived(begins);
            if (isLongLived() && (list == loop.open || list == loop.idle)) {
                loop.move(this, loop.longLived);
            } else if (!isLongLived() && list == loop.longLived) {
                loop.move(this, loop.open);
            }
        });
    }

    private void countLongLived(boolean begins) {
        longLived = (short) Math.max(0, Math.min(Short.MAX_VALUE, longLived + (begins ? 1 : -1)));
    }

    @Override
    public void closing(RunningClose close) {
        atHome(loop -> {
            if (list == null) {
                return;
            }
            this.close = close;
            closingSinceNanos = registry.system().nanoTime();
            budgeted = true;
            loop.move(this, loop.closing);
            registry.budget().began(loop);
            DrainPlan plan = registry.plan();
            if (plan != null && !plan.phase().isAccepting()) {
                limit(plan.deadlineNanos());
            }
        });
    }

    @Override
    public void pending(long bytes) {
        LoopConnections here = home;
        if (here != null && here.isInLoop() && bytes == pendingBytes) {
            return;
        }
        atHome(loop -> {
            if (budgeted) {
                registry.budget().changed(bytes - pendingBytes, registry);
            }
            pendingBytes = bytes;
        });
    }

    @Override
    public void closed(Channel channel, CloseReport report) {
        if (home != null) {
            registry.tellClosed(channel, report);
        }
        end(report);
    }

    @Override
    public void released() {
        end(null);
    }

    private void end(@Nullable CloseReport report) {
        atHome(loop -> {
            giveBack();
            loop.remove(this, report);
        });
    }

    /** It ends with its event loop: nobody can say what became of its output. */
    private void endUnseen() {
        atHome(loop -> {
            if (list != null) {
                loop.counters().add(hasOpenExchange() ? Count.INTERRUPTED : Count.UNJUDGED, 1);
            }
        });
        end(null);
    }

    /** Takes the connection out of the closing budget. */
    private void giveBack() {
        if (budgeted) {
            budgeted = false;
            registry.budget().ended();
            registry.budget().changed(-pendingBytes, registry);
        }
    }

    // ---- what a drain asks and does --------------------------------------------------------------------------------

    boolean isLongLived() {
        return longLived > 0;
    }

    boolean hasOpenExchange() {
        return openExchanges > 0;
    }

    long closingSinceNanos() {
        return closingSinceNanos;
    }

    /** Whether a listener has accepted it; else this side has connected. */
    boolean isAccepted() {
        return parent() != null;
    }

    /** The listener that accepted it, or null if this side has connected. */
    @Nullable
    Channel parent() {
        return channel().parent();
    }

    /** Tells the handlers, once. */
    void tell(DrainEvent event) {
        ChannelHandlerContext context = ctx;
        if (!told && context != null) {
            told = true;
            atChannel(() -> event.tell(context.channel()));
        }
    }

    /**
     * Begins to watch for silence, where the kernel does not tell.
     *
     * @param unused whether nothing has been received yet
     */
    void watchSilence(long now, boolean unused) {
        silence(now, unused);
    }

    /** Its event loop could neither read nor write before the given moment. */
    void stoodStill(long now) {
        if (silence != null) {
            silence.stoodStill(now);
        }
    }

    /** How many exchanges have been answered since the drain began. */
    int answered() {
        return answered;
    }

    /** The drain was cancelled: stops watching. */
    void unwatchSilence() {
        answered = 0;
        if (silence != null) {
            silence.end();
            silence = null;
        }
    }

    /** Whether the connection is idle: no open exchange, no queued output, silence for long enough, and nothing that may be owed. */
    boolean isIdle(long now, DrainPlan plan) {
        return openExchanges == 0
                && ctx != null
                && silence(now, false).isIdle(now, plan.policy().idleAfterNanos(), unansweredEnd(now, plan));
    }

    /** Whether a connection that was found idle still is. */
    boolean isStillIdle(long now, DrainPlan plan) {
        return openExchanges == 0
                && ctx != null
                && silence(now, false).isStillIdle(now, plan.policy().idleAfterNanos(), unansweredEnd(now, plan));
    }

    private long unansweredEnd(long now, DrainPlan plan) {
        if (!isJudged()) {
            return now;
        }
        Channel listener = parent();
        Long own = listener == null ? null : listener.attr(UNANSWERED_PERIOD).get();
        return own == null ? plan.times().unansweredEndNanos() : plan.times().afterAnnouncement(own);
    }

    /** Gives the connections of a listener a period of their own, in nanoseconds. */
    static void unansweredPeriod(Channel listener, long nanos) {
        listener.attr(UNANSWERED_PERIOD).set(nanos);
    }

    /** Whether the order of what was received and sent tells what is owed: to clients, and where nobody counts exchanges. */
    private boolean isJudged() {
        FarewellSource farewell = FarewellSource.of(channel());
        boolean countsExchanges = farewell == null ? counted : farewell.countsExchanges(counted);
        return isAccepted() && !countsExchanges;
    }

    private Silence silence(long now, boolean unused) {
        Silence known = silence;
        if (known == null) {
            known = new Silence(context(), registry.system(), sinceNanos, unused, now);
            silence = known;
        }
        return known;
    }

    /** Whether its peer may have waited for an answer when a drain closed it. */
    Silence.Answer answerAtEnd() {
        return silence == null ? Silence.Answer.GIVEN : silence.answerAtEnd();
    }

    /** Closes a connection that has just been found idle. */
    void leaveIdle(LoopConnections loop) {
        if (silence != null && isJudged()) {
            silence.ending();
        }
        leave(loop);
    }

    /** Closes a busy connection, whatever that truncates. */
    void leaveBusy(LoopConnections loop, long now) {
        if (hasOpenExchange() || (ctx != null && OptionalHandlers.isOutputShaped(channel()))) {
            silence(now, false).truncating();
        } else if (ctx != null && isJudged()) {
            silence(now, false).endingNow(now);
        }
        leave(loop);
    }

    /** Closes the connection from the end of its pipeline, so that every protocol sends its farewell. */
    void leave(LoopConnections loop) {
        loop.move(this, loop.leaving);
        channel().close();
    }

    /** Hands the deadline of a drain to a close that runs. */
    void limit(long deadlineNanos) {
        RunningClose running = close;
        if (running != null) {
            atChannel(() -> running.limit(deadlineNanos));
        }
    }

    /** Closes the connection by force, at the deadline of a drain. */
    void force() {
        RunningClose running = close;
        if (running != null) {
            atChannel(() -> running.force(CloseCause.DRAIN_DEADLINE));
        } else if (ctx != null) {
            Channel channel = channel();
            atChannel(() -> GracefulCloseHandler.closeNow(channel));
        }
    }

    /** Whether its close has sent everything and waits for the peer. */
    boolean isWaiting() {
        RunningClose running = close;
        return running != null && running.isWaiting();
    }

    /** Cuts a close short; returns false if its end had been decided already. */
    boolean evict() {
        RunningClose running = close;
        if (running == null || running.isEnding()) {
            return false;
        }
        giveBack();
        atChannel(() -> running.force(CloseCause.EVICTED));
        return true;
    }

    OpenConnection describe(LoopConnections loop, long now) {
        Channel channel = channel();
        boolean closing = close != null;
        return new OpenConnection(
                channel.id().asShortText(),
                TransportKind.label(channel),
                channel.remoteAddress(),
                state(loop),
                now - sinceNanos,
                openExchanges,
                closing || ctx == null ? pendingBytes : OutboundFlush.pendingBytes(ctx),
                null);
    }

    private State state(LoopConnections loop) {
        if (close != null || list == loop.leaving) {
            return State.CLOSING;
        }
        return list == loop.longLived ? State.LONG_LIVED : list == loop.idle ? State.IDLE : State.BUSY;
    }

    // ---- threads ---------------------------------------------------------------------------------------------------

    private Channel channel() {
        return context().channel();
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext context = ctx;
        if (context == null) {
            throw new IllegalStateException("not opened yet");
        }
        return context;
    }

    private void atHome(Consumer<LoopConnections> step) {
        LoopConnections loop = home;
        if (loop == null) {
            return; // never active
        }
        if (loop.isInLoop()) {
            step.accept(loop);
        } else if (!loop.execute(() -> step.accept(loop))) {
            loop.executeAfterEnd(() -> step.accept(loop)); // the channel has outlived the loop on which it began
        }
    }

    private void atChannel(Runnable step) {
        if (!EventLoops.run(channel().eventLoop(), step)) {
            LOG.debug("{} has an event loop that does not run any more", channel());
            channel().unsafe().closeForcibly();
            endUnseen();
        }
    }
}
