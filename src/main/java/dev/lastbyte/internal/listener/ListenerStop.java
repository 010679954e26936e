package dev.lastbyte.internal.listener;

import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SocketTable.Handshakes;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TransportKind;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.channel.local.LocalServerChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Closes a listener without losing the clients that have connected to it.
 *
 * <p>When a listener closes, the kernel resets the connections that wait to be accepted. It also drops handshakes whose last ACK has not
 * arrived yet; their clients believe that they are connected. TCP listeners on epoll and io_uring are closed in this order:
 *
 * <pre>
 *   drop new SYNs ({@link SynFilter})
 *     → wait until no handshake is under way ({@link SocketTable}, on the timer's thread)
 *       → wait until the accept queue is empty ({@link AcceptRest}); the listener accepts all the time
 *         → close
 * </pre>
 *
 * The order matters: a completed handshake moves to the accept queue, and after the filter no new one follows it. A handshake whose
 * SYN-ACK had to be sent again is waited for no longer than {@link #REPEATED_LIMIT_NANOS}; a public address always has some of these.
 * Unix listeners of these transports need one step, {@link UnixListenerShutdown}. Other transports cannot drop new connections; there
 * {@link NioLastAccept} and {@link AcceptTurns} choose the moment of the close.
 *
 * <p>Thread-safe: begun on any thread, it works on the listener's event loop and on the timer's thread.
 */
public final class ListenerStop {
    private static final Logger LOG = Loggers.of(ListenerStop.class);

    static final long REPEATED_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** How long to wait for handshakes where the kernel's table cannot be read. */
    static final long BLIND_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private static final long LOOK_LIMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long SHORTEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final int PAUSE_PER_LOOK = 4;
    private static final long LAST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final CompletableFuture<Result> result = new CompletableFuture<>();
    private final Channel listener;
    private final SystemView system;
    private final ScheduledExecutorService timer;
    private final HandshakeLooks looks;
    private final AcceptRest rest;
    private volatile @Nullable SocketAddress address;
    private final long startNanos;
    private volatile boolean filtered;
    private volatile @Nullable Handshakes handshakes;
    private volatile @Nullable Throwable failure;
    private volatile OptionalLong unaccepted = OptionalLong.empty();
    private boolean begunLate;

    private ListenerStop(Channel listener, SystemView system, ScheduledExecutorService timer, HandshakeLooks looks) {
        this.looks = looks;
        this.listener = listener;
        this.system = system;
        this.timer = timer;
        rest = new AcceptRest(listener, system, () -> guarded(this::close));
        address = listener.localAddress();
        startNanos = system.nanoTime();
    }

    /**
     * Stops a listener. One that is not bound yet is closed at once, so that it never accepts. A second call waits for the same close.
     *
     * @param deadlineNanos when the listener is closed at the latest, on the scale of {@link SystemView#nanoTime}
     * @param timer one thread that may block for some milliseconds, so no event loop
     * @param looks shared by the listeners that are stopped together on that thread
     * @return completed by the listener's event loop or the timer's thread when the listener is closed; never exceptionally
     */
    public static CompletionStage<Result> start(
            Channel listener,
            long deadlineNanos,
            SystemView system,
            ScheduledExecutorService timer,
            HandshakeLooks looks) {
        ListenerStop stop = new ListenerStop(listener, system, timer, looks);
        if (!listener.isOpen()) {
            stop.complete(true);
        } else if (EventLoops.hasNone(listener)) {
            EventLoops.close(listener);
            stop.complete(false);
        } else {
            stop.begin(deadlineNanos);
        }
        return stop.result.minimalCompletionStage();
    }

    private void begin(long deadlineNanos) {
        listener.closeFuture().addListener(closed -> complete(false));
        long left = deadlineNanos - startNanos;
        long lastLook = Math.max(0, Math.min(left / 10, LAST_LOOK_NANOS));
        Future<?> end = onTimer(() -> endOfTime(deadlineNanos - lastLook, lastLook), Math.max(0, left - lastLook));
        if (end != null) {
            listener.closeFuture().addListener(closed -> end.cancel(false));
        }
        if (left > 0) {
            onLoop(() -> stopAccepting(deadlineNanos - lastLook));
        }
    }

    private void stopAccepting(long dueNanos) {
        if (!listener.isOpen()) {
            return;
        }
        address = listener.localAddress(); // it may have been bound since the stop began
        if (!listener.isActive() || !(listener instanceof ServerChannel) || listener instanceof LocalServerChannel) {
            listener.close();
            return;
        }
        begunLate = system.nanoTime() - dueNanos >= 0;
        rest.readOn();
        AcceptTurns.acceptMore(listener);
        if (system.hasTcpInfo(listener) && SynFilter.attach(listener)) {
            LOG.debug("{} holds new connections off", listener);
            filtered = true;
            awaitHandshakesAt(system.nanoTime());
        } else if (TransportKind.of(listener).isLinuxUnixSocket()
                && UnixListenerShutdown.begin(listener, rest::readOn, () -> guarded(this::close))) {
            LOG.debug("{} refuses new connections", listener);
            filtered = true;
        } else if (!NioLastAccept.begin(listener, system)) {
            AcceptTurns.closeWhenEmpty(listener, system);
        }
    }

    private void awaitHandshakesAt(long dueNanos) {
        onTimer(() -> awaitHandshakes(dueNanos), Math.max(0, dueNanos - system.nanoTime()));
    }

    private void awaitHandshakes(long dueNanos) {
        if (!listener.isOpen()) {
            return;
        }
        long begin = system.nanoTime();
        Handshakes seen = look(dueNanos, LOOK_LIMIT_NANOS);
        long now = system.nanoTime();
        if (seen == null) {
            LOG.debug("{} cannot see handshakes, waits a while", listener);
            onTimer(() -> onLoop(rest::start), Math.max(0, startNanos + BLIND_NANOS - now));
        } else if (isWorthWaiting(seen, now)) {
            awaitHandshakesAt(now + Math.max(SHORTEST_PAUSE_NANOS, PAUSE_PER_LOOK * (now - begin)));
        } else {
            onLoop(rest::start);
        }
    }

    private boolean isWorthWaiting(Handshakes seen, long now) {
        return !seen.fresh().isEmpty() || (!seen.repeated().isEmpty() && now - startNanos < REPEATED_LIMIT_NANOS);
    }

    /** Reads the table, on the timer's thread, and keeps the handshakes that can still belong to this listener. */
    private @Nullable Handshakes look(long sinceNanos, long limitNanos) {
        if (!(address instanceof InetSocketAddress inet)) {
            return null;
        }
        Handshakes before = handshakes;
        Handshakes seen = looks.at(inet, sinceNanos, limitNanos);
        Handshakes ours = seen == null || before == null ? seen : seen.among(before);
        handshakes = ours;
        return ours;
    }

    private void endOfTime(long dueNanos, long lastLookNanos) {
        if (!listener.isOpen()) {
            return;
        }
        LOG.debug("{} has to be closed now", listener);
        if (filtered) {
            look(dueNanos, lastLookNanos);
        }
        onLoop(this::closeSoon);
        onTimer(this::giveUp, STUCK_NANOS);
    }

    private void closeSoon() {
        if (begunLate) { // the event loop was blocked until now: what this very turn has begun needs a moment
            listener.eventLoop().schedule(() -> guarded(this::close), LATE_NANOS, TimeUnit.NANOSECONDS);
        } else if (filtered && system.hasTcpInfo(listener)) {
            rest.finish();
        } else {
            close();
        }
    }

    private void close() {
        if (listener.isOpen()) {
            unaccepted = filtered ? lost() : OptionalLong.empty();
            listener.close();
        }
    }

    private OptionalLong lost() {
        if (TransportKind.of(listener).isLinuxUnixSocket()) {
            return UnixListenerShutdown.closeUnaccepted(listener);
        }
        OptionalInt waiting = AcceptQueue.length(listener);
        Handshakes open = handshakes;
        if (waiting.isEmpty() || open == null || (open.shared() && open.count() > 0)) {
            return OptionalLong.empty();
        }
        return OptionalLong.of((long) waiting.getAsInt() + open.count());
    }

    private void giveUp() {
        if (listener.isOpen()) {
            failed(new TimeoutException("the event loop of " + listener + " does not answer"));
            complete(false);
        }
    }

    private void onLoop(Runnable task) {
        try {
            listener.eventLoop().execute(() -> guarded(task));
        } catch (RejectedExecutionException | IllegalStateException e) {
            // the event loop has ended, or the channel has none: nothing can accept any more
            failed(e);
            listener.unsafe().closeForcibly();
            complete(false);
        }
    }

    private @Nullable Future<?> onTimer(Runnable task, long delayNanos) {
        try {
            return timer.schedule(() -> guarded(task), delayNanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            failed(e);
            onLoop(this::close);
            return null;
        }
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            failed(e);
            listener.close();
        }
    }

    private void failed(Throwable e) {
        LOG.debug("{} is not stopped as it should be", listener, e);
        failure = e;
    }

    private void complete(boolean closedBefore) {
        result.complete(new Result(
                address,
                TransportKind.label(listener),
                closedBefore,
                filtered,
                unaccepted,
                Duration.ofNanos(system.nanoTime() - startNanos),
                failure));
    }

    /**
     * What is known about the stop of one listener. Immutable.
     *
     * @param localAddress the address that it was bound to, or null
     * @param transport the label of its transport
     * @param closedBefore whether it was already closed when the stop began; nothing else is known then
     * @param filtered whether new connections were held off while those that had begun were accepted
     * @param unaccepted connections that waited, or whose handshake was under way, at the close; empty where that is not known
     * @param time from the begin of the stop to the close
     * @param failure what went wrong, or null
     */
    public record Result(
            @Nullable SocketAddress localAddress,
            String transport,
            boolean closedBefore,
            boolean filtered,
            OptionalLong unaccepted,
            Duration time,
            @Nullable Throwable failure) {}
}
