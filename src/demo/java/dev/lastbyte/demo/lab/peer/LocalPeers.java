package dev.lastbyte.demo.lab.peer;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Peers in this process, one thread each; a watchdog ends those that take too long. Thread-safe. */
public final class LocalPeers implements Peers {
    private final Map<Integer, PeerSocket> playing = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool(daemons("peer"));
    private final ScheduledExecutorService watchdog =
            Executors.newSingleThreadScheduledExecutor(daemons("peer-watchdog"));
    private final Duration longestRun;
    private final Consumer<PeerResult> results;

    public LocalPeers(Duration longestRun, Consumer<PeerResult> results) {
        this.longestRun = longestRun;
        this.results = results;
    }

    @Override
    public void start(Job job) {
        PeerSocket socket = new PeerSocket(job);
        playing.put(job.run(), socket);
        ScheduledFuture<?> limit = watchdog.schedule(socket::cut, longestRun.toMillis(), TimeUnit.MILLISECONDS);
        threads.execute(() -> {
            String error = play(job, socket);
            limit.cancel(false);
            playing.remove(job.run());
            results.accept(socket.result(error));
        });
    }

    private static String play(Job job, PeerSocket socket) {
        try (socket) {
            job.peer().script().play(socket);
            return "";
        } catch (IOException | RuntimeException e) {
            return e.toString();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "stopped";
        }
    }

    @Override
    public void release(int run) {
        PeerSocket socket = playing.get(run);
        if (socket != null) {
            socket.release();
        }
    }

    @Override
    public void close() {
        playing.values().forEach(PeerSocket::cut);
        threads.shutdownNow();
        watchdog.shutdownNow();
    }

    public static ThreadFactory daemons(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }
}
