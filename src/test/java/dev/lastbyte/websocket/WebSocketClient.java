package dev.lastbyte.websocket;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lastbyte.drain.ManagedServer;
import dev.lastbyte.testing.WebSocketPeer;
import dev.lastbyte.testing.WebSocketPeer.Frame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A client that sends numbered messages and pings until it reads a Close frame, answers that, and reads to the end; it notes
 * whatever is not in order. Two threads; its results are there when {@link #join} has returned.
 */
final class WebSocketClient implements AutoCloseable {
    private static final long PACE_NANOS = 1_000_000;

    private final WebSocketPeer peer;
    private final CountDownLatch underWay = new CountDownLatch(4);
    private final Thread reader = new Thread(this::read, "websocket-reader");
    private final Thread writer = new Thread(this::write, "websocket-writer");
    private volatile boolean closing;
    private volatile @Nullable String problem;
    private volatile long sent;
    private volatile long received;
    private volatile @Nullable Frame close;

    WebSocketClient(SocketAddress address) throws IOException {
        peer = WebSocketPeer.connect(address);
        reader.start();
        writer.start();
    }

    /** Waits until messages go to and fro. */
    WebSocketClient awaitTraffic() throws InterruptedException {
        if (!underWay.await(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("no messages came: " + this);
        }
        return this;
    }

    /** Waits for the end. */
    WebSocketClient join() throws InterruptedException {
        reader.join(TimeUnit.SECONDS.toMillis(ManagedServer.PATIENCE_SECONDS));
        if (reader.isAlive()) {
            throw new AssertionError("the end did not come: " + this);
        }
        return this;
    }

    /** The first thing that was not in order; null if there was none. */
    @Nullable
    String problem() {
        return problem;
    }

    long sent() {
        return sent;
    }

    long received() {
        return received;
    }

    /** The server's Close frame; null if none came. */
    @Nullable
    Frame closeFrame() {
        return close;
    }

    private void write() {
        try {
            while (!closing) {
                peer.sendText("c" + sent);
                sent++;
                if (sent % 16 == 0) {
                    peer.send(true, WebSocketPeer.PING, "p".getBytes(UTF_8));
                }
                LockSupport.parkNanos(PACE_NANOS);
            }
        } catch (IOException e) {
            note("write: " + e);
        }
    }

    private void read() {
        try {
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            boolean inMessage = false;
            for (Frame frame = peer.read(); frame != null; frame = peer.read()) {
                if (close != null) {
                    note("opcode " + frame.opcode() + " behind the Close frame");
                } else if (frame.opcode() == WebSocketPeer.CLOSE) {
                    close = frame;
                    if (inMessage) {
                        note("a Close frame in a message");
                    }
                    answer(frame);
                } else if (frame.opcode() <= WebSocketPeer.BINARY) {
                    if (inMessage != (frame.opcode() == WebSocketPeer.CONTINUATION)) {
                        note("fragments in disorder");
                    }
                    message.writeBytes(frame.payload());
                    inMessage = !frame.last();
                    if (frame.last()) {
                        onMessage(message.toString(UTF_8));
                        message.reset();
                    }
                }
            }
        } catch (IOException | InterruptedException e) {
            note("read: " + e);
        } finally {
            closing = true;
        }
    }

    private void onMessage(String message) {
        if (!message.equals(WebSocketTraffic.message(received))) {
            note("message " + received + " is " + message);
        }
        received++;
        underWay.countDown();
    }

    private void answer(Frame frame) throws IOException, InterruptedException {
        closing = true;
        writer.join();
        peer.send(true, WebSocketPeer.CLOSE, frame.payload());
    }

    private void note(String what) {
        if (problem == null) {
            problem = what;
        }
    }

    @Override
    public void close() throws IOException {
        closing = true;
        peer.close();
    }

    @Override
    public String toString() {
        return "sent " + sent + ", received " + received + ", close " + close + ", problem " + problem;
    }
}
