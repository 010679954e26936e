package dev.lastbyte.drain;

import dev.lastbyte.internal.Loggers;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;

/**
 * Calls the user's listener for a manager's drains, in order, on a thread of its own, so that a listener that blocks delays only itself.
 * Thread-safe.
 */
final class DrainNews {
    private static final Logger LOG = Loggers.of(DrainNews.class);
    private static final long IDLE_SECONDS = 1;

    private final DrainListener listener;
    private final Executor executor;
    private final AtomicBoolean progressWaits = new AtomicBoolean();

    DrainNews(DrainListener listener, Executor executor) {
        this.listener = listener;
        this.executor = executor;
    }

    /** With a thread that lives only while there is news. */
    static DrainNews onOwnThread(DrainListener listener) {
        ThreadPoolExecutor executor =
                new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "lastbyte-drain-listener");
                    thread.setDaemon(true); // a listener that never returns must not keep the JVM
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
        return new DrainNews(listener, executor);
    }

    void phase(DrainPhase phase) {
        executor.execute(() -> guarded(l -> l.onPhase(phase)));
    }

    /** Skipped while an earlier progress still waits. */
    void progress(DrainProgress progress) {
        if (progressWaits.compareAndSet(false, true)) {
            executor.execute(() -> {
                progressWaits.set(false);
                guarded(l -> l.onProgress(progress));
            });
        }
    }

    /** The last progress of a drain, which is not skipped. */
    void lastProgress(DrainProgress progress) {
        executor.execute(() -> guarded(l -> l.onProgress(progress)));
    }

    /** Waits until the listener has been told everything so far, for a second at most. */
    void await() {
        CountDownLatch heard = new CountDownLatch(1);
        executor.execute(heard::countDown);
        try {
            if (!heard.await(IDLE_SECONDS, TimeUnit.SECONDS)) {
                LOG.debug("the drainListener takes its time: {}", listener);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void guarded(Consumer<DrainListener> news) {
        try {
            news.accept(listener);
        } catch (Throwable t) {
            LOG.warn("the drainListener threw; its exception changes nothing: {}", listener, t);
        }
    }
}
