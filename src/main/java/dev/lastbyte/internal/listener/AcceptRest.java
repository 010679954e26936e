package dev.lastbyte.internal.listener;

import dev.lastbyte.internal.SystemView;
import io.netty.channel.Channel;
import java.util.concurrent.TimeUnit;

/**
 * Keeps a listener that takes no new connections accepting until its accept queue is empty. Confined to the listener's event loop.
 */
final class AcceptRest {
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long READ_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    /** How much longer a queue that is not empty at the deadline may take: its event loop may have been busy with other work. */
    private static final long LAST_TURNS_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Channel listener;
    private final SystemView system;
    private final Runnable whenEmpty;
    private long readAgainNanos;
    private long lastTurnNanos;
    private boolean isLast;
    private boolean isRunning;
    private boolean seenEmpty;

    /** Changes nothing yet. {@code whenEmpty} runs once on the listener's event loop, unless the listener is closed before. */
    AcceptRest(Channel listener, SystemView system, Runnable whenEmpty) {
        this.listener = listener;
        this.system = system;
        this.whenEmpty = whenEmpty;
    }

    /** Turns accepting on again: it may be off by the user's choice, or for a second after an accept that failed. */
    void readOn() {
        long now = system.nanoTime();
        if (!listener.config().isAutoRead() && (readAgainNanos == 0 || now - readAgainNanos >= 0)) {
            readAgainNanos = now + READ_AGAIN_NANOS;
            listener.config().setAutoRead(true);
        }
    }

    /** Begins to wait until the queue is empty. */
    void start() {
        if (!isRunning) {
            isRunning = true;
            turn();
        }
    }

    /** Ends the wait: at once if the queue is empty, soon if not. */
    void finish() {
        isLast = true;
        lastTurnNanos = system.nanoTime() + LAST_TURNS_NANOS;
        if (AcceptQueue.length(listener).orElse(0) == 0) {
            whenEmpty.run();
        } else {
            start();
        }
    }

    private void turn() {
        if (!listener.isOpen()) {
            return;
        }
        readOn();
        if (isLast && system.nanoTime() - lastTurnNanos >= 0) {
            whenEmpty.run();
        } else if (AcceptQueue.length(listener).orElse(0) > 0) {
            seenEmpty = false;
            listener.eventLoop().schedule(this::turn, isLast ? 0 : PAUSE_NANOS, TimeUnit.NANOSECONDS);
        } else if (!seenEmpty) {
            // io_uring may have accepted connections that this turn of the loop has not been told of
            seenEmpty = true;
            listener.eventLoop().schedule(this::turn, 0, TimeUnit.NANOSECONDS);
        } else {
            whenEmpty.run();
        }
    }
}
