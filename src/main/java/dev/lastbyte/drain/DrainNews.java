package dev.lastbyte.drain;

import dev.lastbyte.internal.Loggers;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;

/**
 * Calls the users' listeners for a manager's drains, in order, each on a thread of its own, so that a listener that blocks delays only
 * itself. Thread-safe.
 */
final class DrainNews {
    private static final Logger LOG = Loggers.of(DrainNews.class);
    private static final long IDLE_SECONDS = 1;

    private final List<Reader> readers = new CopyOnWriteArrayList<>();

    /** Adds a listener, with a thread that lives only while there is news. */
    void add(DrainListener listener) {
        ThreadPoolExecutor executor =
                new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "lastbyte-drain-listener");
                    thread.setDaemon(true); // a listener that never returns must not keep the JVM
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
        add(listener, executor);
    }

    void add(DrainListener listener, Executor executor) {
        readers.add(new Reader(listener, executor));
    }

    void remove(DrainListener listener) {
        readers.removeIf(reader -> reader.listener == listener);
    }

    void phase(DrainPhase phase) {
        readers.forEach(reader -> reader.tell(l -> l.onPhase(phase)));
    }

    /** Skipped for a listener for which an earlier progress still waits. */
    void progress(DrainProgress progress) {
        readers.forEach(reader -> reader.progress(progress));
    }

    /**
     * The end of a drain: its last progress, which is not skipped, and its report.
     *
     * @return completes when every listener has been told
     */
    CompletableFuture<Void> ended(DrainProgress last, DrainReport report) {
        return CompletableFuture.allOf(
                readers.stream().map(reader -> reader.ended(last, report)).toArray(CompletableFuture<?>[]::new));
    }

    /** One listener. Thread-safe. */
    private static final class Reader {
        private final DrainListener listener;
        private final Executor executor;
        private final AtomicBoolean progressWaits = new AtomicBoolean();

        private Reader(DrainListener listener, Executor executor) {
            this.listener = listener;
            this.executor = executor;
        }

        private void tell(Consumer<DrainListener> news) {
            execute(() -> guarded(news));
        }

        /** Returns false where there is no thread to be had: the drain goes on without its listener. */
        private boolean execute(Runnable task) {
            try {
                executor.execute(task);
                return true;
            } catch (Throwable t) {
                LOG.warn("the drainListener {} is not told: no thread for it", listener, t);
                return false;
            }
        }

        private void progress(DrainProgress progress) {
            if (progressWaits.compareAndSet(false, true)
                    && !execute(() -> {
                        progressWaits.set(false);
                        guarded(l -> l.onProgress(progress));
                    })) {
                progressWaits.set(false);
            }
        }

        private CompletableFuture<Void> ended(DrainProgress last, DrainReport report) {
            CompletableFuture<Void> told = new CompletableFuture<>();
            boolean runs = execute(() -> {
                guarded(l -> l.onProgress(last));
                guarded(l -> l.onReport(report));
                told.complete(null);
            });
            if (!runs) {
                told.complete(null);
            }
            return told;
        }

        private void guarded(Consumer<DrainListener> news) {
            try {
                news.accept(listener);
            } catch (Throwable t) {
                LOG.warn("the drainListener threw; its exception changes nothing: {}", listener, t);
            }
        }
    }
}
