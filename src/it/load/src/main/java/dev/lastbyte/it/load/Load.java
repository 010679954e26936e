package dev.lastbyte.it.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;

/**
 * What a small service has on it when it is told to stop: 16 clients that keep their connections, 6 that open one per request, 6 slow
 * requests, 5 event streams, 5 WebSockets. Thread-safe.
 */
final class Load implements AutoCloseable {
    static final int KEEPING = 16;
    static final int OPENING = 6;
    static final int SLOW = 6;
    static final int STREAMS = 5;
    static final int SOCKETS = 5;
    static final int EVENTS = 40;

    private static final long PAUSE_MICROS = 2000;

    private final Wire wire;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger lost = new AtomicInteger();
    private final AtomicInteger fresh = new AtomicInteger();
    private final AtomicInteger slow = new AtomicInteger();
    private final AtomicInteger streams = new AtomicInteger();
    private final AtomicInteger sockets = new AtomicInteger();
    private final List<String> faults = new ArrayList<>();
    private volatile boolean over;

    Load(Wire wire) {
        this.wire = wire;
    }

    /** What became of everything. */
    record Counts(int answered, int lost, int fresh, int slow, int streams, int sockets, List<String> faults) {}

    /** Starts the short requests and waits until each client has had an answer. */
    void startShort() throws InterruptedException {
        CountDownLatch served = new CountDownLatch(KEEPING + OPENING);
        for (int i = 0; i < KEEPING; i++) {
            threads.execute(() -> requests(true, served));
        }
        for (int i = 0; i < OPENING; i++) {
            threads.execute(() -> requests(false, served));
        }
        if (!served.await(30, TimeUnit.SECONDS)) {
            throw new IllegalStateException("clients without an answer: " + served.getCount() + ", " + faults());
        }
    }

    /** Starts what takes seconds, and waits until all of it is with the server. */
    void startLong(int port, SSLContext tls, boolean withSockets) throws InterruptedException {
        int all = SLOW + STREAMS + (withSockets ? SOCKETS : 0);
        CountDownLatch begun = new CountDownLatch(all);
        for (int i = 0; i < SLOW; i++) {
            threads.execute(() -> whole("/slow", "slow\n", begun, slow));
        }
        for (int i = 0; i < STREAMS; i++) {
            threads.execute(() -> whole("/sse", null, begun, streams));
        }
        for (int i = 0; withSockets && i < SOCKETS; i++) {
            threads.execute(() -> socket(port, tls, begun));
        }
        if (!begun.await(30, TimeUnit.SECONDS)) {
            throw new IllegalStateException("not begun: " + begun.getCount() + ", " + faults());
        }
        LockSupport.parkNanos(
                TimeUnit.MILLISECONDS.toNanos(500)); // connections are open; requests are with the handlers by then
    }

    /** To be called when the server's process has ended. */
    Counts finish() throws InterruptedException {
        over = true;
        threads.shutdown();
        if (!threads.awaitTermination(90, TimeUnit.SECONDS)) {
            fault("clients that never ended");
        }
        return new Counts(answered.get(), lost.get(), fresh.get(), slow.get(), streams.get(), sockets.get(), faults());
    }

    private void requests(boolean keep, CountDownLatch served) {
        boolean told = false;
        while (!over) {
            boolean first = true;
            try (Wire.Connection connection = wire.open()) {
                do {
                    Wire.Answer answer = connection.get("/hello");
                    if (answer.status() != 200 || !answer.body().equals("hello\n")) {
                        throw new IOException("answered " + answer);
                    }
                    first = false;
                    answered.incrementAndGet();
                    if (!told) {
                        served.countDown();
                        told = true;
                    }
                    pause();
                } while (keep && !over && !connection.isOver());
            } catch (Wire.RefusedException e) {
                if (told) {
                    return; // the listener has gone
                }
                fault("refused at the start");
                return;
            } catch (Wire.RepeatException e) {
                pause(); // it was not touched: a client sends it again
            } catch (IOException e) {
                lost.incrementAndGet();
                if (first) {
                    fresh.incrementAndGet();
                }
                fault((first ? "fresh: " : "kept: ") + e);
                pause();
            }
        }
    }

    private static void pause() {
        LockSupport.parkNanos(
                TimeUnit.MICROSECONDS.toNanos(ThreadLocalRandom.current().nextLong(PAUSE_MICROS)));
    }

    private void whole(String path, String body, CountDownLatch begun, AtomicInteger count) {
        try (Wire.Connection connection = wire.open()) {
            begun.countDown();
            Wire.Answer answer = connection.get(path);
            boolean right =
                    body != null ? answer.body().equals(body) : answer.body().split("data:", -1).length == EVENTS + 1;
            if (answer.status() == 200 && right) {
                count.incrementAndGet();
            } else {
                fault(path + ": " + answer.status() + ", " + answer.body().length() + " characters");
            }
        } catch (IOException e) {
            fault(path + ": " + e);
        }
    }

    private void socket(int port, SSLContext tls, CountDownLatch begun) {
        try (WebSocketClient socket = new WebSocketClient(Http1Socket.open(port, tls))) {
            begun.countDown();
            int status = socket.awaitClose();
            if (status == 1001) {
                sockets.incrementAndGet();
            } else {
                fault("/ws: " + status);
            }
        } catch (IOException e) {
            fault("/ws: " + e);
        }
    }

    private void fault(String what) {
        synchronized (faults) {
            faults.add(what);
        }
    }

    private List<String> faults() {
        synchronized (faults) {
            return List.copyOf(faults);
        }
    }

    @Override
    public void close() {
        over = true;
        threads.shutdownNow();
    }
}
