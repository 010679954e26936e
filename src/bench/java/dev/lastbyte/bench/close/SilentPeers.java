package dev.lastbyte.bench.close;

import dev.lastbyte.bench.process.MeasuredServer;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Peers of one server that read their answer up to EOF, and then neither close nor send: how long does it hold their
 * connections? Not thread-safe.
 */
final class SilentPeers implements AutoCloseable {
    private static final byte[] REQUEST =
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final long LOOK_NANOS = Duration.ofMillis(1).toNanos();
    private static final long LIMIT_NANOS = Duration.ofSeconds(30).toNanos();

    private final MeasuredServer server;
    private final List<Socket> sockets = new ArrayList<>();
    private final List<Peer> waiting = new ArrayList<>();
    private final double[] heldMillis;
    private int released;

    private record Peer(HeldSocket socket, long eofNanos) {}

    SilentPeers(MeasuredServer server, int count) {
        this.server = server;
        heldMillis = new double[count];
    }

    /** From the moment each peer read EOF until the server's socket was gone, in milliseconds. */
    double[] held() throws IOException {
        long start = System.nanoTime();
        while (released < heldMillis.length) {
            if (sockets.size() < heldMillis.length) {
                connect();
            }
            look();
            if (System.nanoTime() - start > LIMIT_NANOS) {
                throw new IOException(server.label() + " holds " + waiting.size() + " connections after 30 s");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return Arrays.copyOf(heldMillis, released);
    }

    private void connect() throws IOException {
        int port = server.port(); // it is up then: no other socket of its own comes
        Map<String, HeldSocket> before = HeldSocket.of(server.pid());
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        sockets.add(socket);
        socket.getOutputStream().write(REQUEST);
        byte[] answer = socket.getInputStream().readAllBytes();
        long eof = System.nanoTime();
        if (answer.length < FixedAnswer.BODY_BYTES) {
            throw new EOFException(server.label() + " sent " + answer.length + " bytes");
        }
        Map<String, HeldSocket> added = new HashMap<>(HeldSocket.of(server.pid()));
        added.keySet().removeAll(before.keySet());
        if (added.isEmpty()) {
            release(eof); // it was not held at all, or no longer than it takes to look
        } else {
            waiting.add(new Peer(added.values().iterator().next(), eof));
        }
    }

    private void look() throws IOException {
        for (Peer peer : List.copyOf(waiting)) {
            if (!peer.socket().isHeld()) {
                waiting.remove(peer);
                release(peer.eofNanos());
            }
        }
    }

    private void release(long eofNanos) {
        heldMillis[released++] = (System.nanoTime() - eofNanos) / 1e6;
    }

    @Override
    public void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
