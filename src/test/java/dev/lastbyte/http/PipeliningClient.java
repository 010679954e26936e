package dev.lastbyte.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lastbyte.testing.BytePattern;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * A client that sends one to five requests at once, pauses a little, and so on, over one connection until it ends. It checks each
 * answer to the last byte and their order, and knows of each request without an answer whether the server has said {@code
 * Connection: close} before it. Runs once, in a thread of its own.
 */
final class PipeliningClient implements Runnable {
    /** What the clients of a test have met. Thread-safe. */
    static final class Tally {
        final AtomicLong connections = new AtomicLong();
        final AtomicLong complete = new AtomicLong();
        final AtomicLong refused = new AtomicLong();
        final AtomicLong lost = new AtomicLong();

        /** Connections that have ended with requests lost. */
        final AtomicLong losses = new AtomicLong();

        final Queue<String> problems = new ConcurrentLinkedQueue<>();

        @Override
        public String toString() {
            return connections + " connections, " + complete + " complete answers, " + refused + " refused, " + lost
                    + " lost on " + losses + " connections, problems " + problems;
        }
    }

    private static final int MAX_BATCH = 5;
    private static final int PATIENCE_MILLIS = 30_000;

    private final SocketFactory sockets;
    private final InetSocketAddress address;
    private final SplittableRandom random;
    private final int maxPauseMicros;
    private final Tally tally;
    private final CountDownLatch firstAnswer = new CountDownLatch(1);
    private final Queue<String> unanswered = new ArrayDeque<>();
    private boolean closeSaid;
    private long nextId;

    PipeliningClient(SocketFactory sockets, InetSocketAddress address, long seed, int maxPauseMicros, Tally tally) {
        this.sockets = sockets;
        this.address = address;
        random = new SplittableRandom(seed);
        this.maxPauseMicros = maxPauseMicros;
        this.tally = tally;
    }

    /** Waits until it has its first answer, or has failed. */
    void awaitAnswer() throws InterruptedException {
        firstAnswer.await();
    }

    @Override
    public void run() {
        try (Socket socket = sockets.createSocket()) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.setTcpNoDelay(true);
            socket.connect(address, PATIENCE_MILLIS);
            tally.connections.incrementAndGet();
            exchange(socket);
        } catch (IOException | RuntimeException e) {
            tally.problems.add(e + ", unanswered " + unanswered);
        } finally {
            (closeSaid ? tally.refused : tally.lost).addAndGet(unanswered.size());
            tally.losses.addAndGet(closeSaid || unanswered.isEmpty() ? 0 : 1);
            firstAnswer.countDown();
        }
    }

    private void exchange(Socket socket) throws IOException {
        InputStream in = new BufferedInputStream(socket.getInputStream());
        while (true) {
            try {
                socket.getOutputStream().write(batch());
            } catch (IOException e) {
                return; // the server has closed before: what was sent is lost
            }
            while (!unanswered.isEmpty()) {
                if (!readAnswer(in)) {
                    return;
                }
                if (closeSaid) {
                    if (in.read() >= 0) {
                        throw new IOException("more behind the last answer");
                    }
                    return;
                }
            }
            pause();
        }
    }

    private byte[] batch() {
        StringBuilder requests = new StringBuilder();
        int count = 1 + random.nextInt(MAX_BATCH);
        for (int i = 0; i < count; i++) {
            String kind = random.nextInt(3) == 0 ? "parts" : "full";
            int bytes = random.nextInt(4) == 0 ? 50_000 + random.nextInt(50_000) : random.nextInt(2000);
            long id = nextId++;
            String path = "/" + kind + "/" + id + "/" + bytes + "/" + (random.nextBoolean() ? 0 : random.nextInt(3000));
            unanswered.add(id + " " + bytes);
            if (random.nextInt(4) == 0) {
                String body = "x".repeat(random.nextInt(3000));
                requests.append("POST ").append(path).append(" HTTP/1.1\r\nHost: x\r\nContent-Length: ");
                requests.append(body.length()).append("\r\n\r\n").append(body);
            } else {
                requests.append("GET ").append(path).append(" HTTP/1.1\r\nHost: x\r\n\r\n");
            }
        }
        return requests.toString().getBytes(US_ASCII);
    }

    private void pause() {
        if (maxPauseMicros > 0) {
            LockSupport.parkNanos(1000L * random.nextInt(maxPauseMicros));
        }
    }

    /** Reads the answer to the oldest request; false if the connection has ended before its first byte. */
    private boolean readAnswer(InputStream in) throws IOException {
        String head = head(in);
        if (head == null) {
            return false;
        }
        String[] expected = unanswered.element().split(" ");
        if (!head.startsWith("http/1.1 200 ") || !head.contains("\r\nx-id: " + expected[0] + "\r\n")) {
            throw new IOException("not the answer to " + expected[0] + ": " + head);
        }
        int length = Integer.parseInt(expected[1]);
        byte[] body = head.contains("\r\ntransfer-encoding: chunked\r\n") ? chunks(in) : in.readNBytes(length);
        if (body.length != length || !BytePattern.matches(body, length, 0)) {
            throw new IOException("cut after " + body.length + " of " + length + " bytes: " + head);
        }
        unanswered.remove();
        closeSaid = head.contains("\r\nconnection: close\r\n");
        tally.complete.incrementAndGet();
        firstAnswer.countDown();
        return true;
    }

    private static @Nullable String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < 4 || head.indexOf("\r\n\r\n", head.length() - 4) < 0) {
            int next = in.read();
            if (next < 0) {
                if (head.length() == 0) {
                    return null;
                }
                throw new EOFException("head cut: " + head);
            }
            head.append((char) next);
        }
        return head.toString().toLowerCase(Locale.ROOT);
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            StringBuilder size = new StringBuilder();
            while (size.indexOf("\r\n") < 0) {
                int next = in.read();
                if (next < 0) {
                    throw new EOFException("chunks cut after " + body.size());
                }
                size.append((char) next);
            }
            int length = Integer.parseInt(size.toString().trim(), 16);
            body.write(in.readNBytes(length));
            if (in.readNBytes(2).length != 2) {
                throw new EOFException("chunks cut after " + body.size());
            }
            if (length == 0) {
                return body.toByteArray();
            }
        }
    }
}
