package dev.lastbyte.demo;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * HTTP/1.1 clients that check every answer to the last byte, each a thread, until the server refuses connections: some send
 * request after request on kept connections, some upload to who does not read. Thread-safe.
 */
final class LoadClient implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 60_000;

    private final int port;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong complete = new AtomicLong();
    private final ConcurrentLinkedQueue<String> problems = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;

    LoadClient(int port) {
        this.port = port;
    }

    /** Starts clients that keep their connections, asking each time for the given path, which answers so many bytes. */
    LoadClient keepAlive(int count, String path, int bytes) {
        byte[] request = ("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        return start(count, "keep-alive", request, bytes);
    }

    /** Starts clients that upload a body nobody reads, and expect the whole answer all the same. */
    LoadClient upload(int count, int body, int bytes) {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        String head = "POST /reject HTTP/1.1\r\nHost: test\r\nContent-Length: " + body + "\r\n\r\n";
        request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        request.writeBytes(new byte[body]);
        return start(count, "upload", request.toByteArray(), bytes);
    }

    private LoadClient start(int count, String name, byte[] request, int bytes) {
        for (int i = 0; i < count; i++) {
            Thread thread = new Thread(() -> run(name, request, bytes), name + "-" + i);
            threads.add(thread);
            thread.start();
        }
        return this;
    }

    /** How many answers have been complete so far. */
    long complete() {
        return complete.get();
    }

    /** Waits until all clients have been refused; returns what went wrong on requests that were sent. */
    List<String> await() throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        for (Thread thread : threads) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            if (thread.isAlive()) {
                problems.add(thread.getName() + " still runs");
            }
        }
        return List.copyOf(problems);
    }

    @Override
    public void close() {
        stopped = true;
    }

    private void run(String name, byte[] request, int bytes) {
        while (!stopped) {
            try (Socket socket = new Socket()) {
                socket.setSoTimeout(PATIENCE_MILLIS);
                try {
                    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
                } catch (IOException e) {
                    return; // refused: the server has gone
                }
                exchanges(name, socket, request, bytes);
            } catch (IOException e) {
                problems.add(name + ": " + e);
            }
        }
    }

    private void exchanges(String name, Socket socket, byte[] request, int bytes) throws IOException {
        boolean kept = true;
        for (int i = 0; kept && !stopped; i++) {
            String where = name + ", request " + i + " of its connection: ";
            Thread sender = null;
            if (request.length > 4096) {
                sender = new Thread(() -> send(socket, request)); // it may never be read to the end
                sender.start();
            } else {
                socket.getOutputStream().write(request);
            }
            String head = head(socket.getInputStream(), where);
            int length = Integer.parseInt(value(head, "content-length: "));
            if (length != bytes) {
                throw new IOException(where + "announced " + length + " bytes: " + head);
            }
            int got = socket.getInputStream().readNBytes(length).length;
            if (got != length) {
                throw new IOException(where + "cut after " + got + " of " + length + " bytes");
            }
            complete.incrementAndGet();
            kept = sender == null && !head.contains("connection: close\r\n");
            if (!kept) {
                socket.close();
                join(sender);
            }
        }
    }

    private static void send(Socket socket, byte[] request) {
        try {
            socket.getOutputStream().write(request);
        } catch (IOException e) {
            // the connection was closed, by either side: what counts is the answer
        }
    }

    private static void join(Thread thread) throws IOException {
        if (thread != null) {
            try {
                thread.join(PATIENCE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }
    }

    private static String head(InputStream in, String where) throws IOException {
        StringBuilder head = new StringBuilder();
        while (!head.toString().endsWith("\r\n\r\n")) {
            int next;
            try {
                next = in.read();
            } catch (IOException e) {
                throw new IOException(where + e + " after \"" + head + "\"", e);
            }
            if (next < 0) {
                throw new IOException(where + "EOF after \"" + head + "\"");
            }
            head.append((char) next);
        }
        return head.toString().toLowerCase(java.util.Locale.ROOT);
    }

    private static String value(String head, String name) throws IOException {
        int start = head.indexOf(name);
        if (start < 0) {
            throw new IOException("no " + name + "in " + head);
        }
        return head.substring(start + name.length(), head.indexOf('\r', start)).trim();
    }
}
