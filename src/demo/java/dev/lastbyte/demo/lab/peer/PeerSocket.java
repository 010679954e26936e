package dev.lastbyte.demo.lab.peer;

import dev.lastbyte.demo.BytePattern;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A peer's plain blocking socket that notes what the peer's application sees: bytes, their correctness, EOF, resets.
 * A failed write is noted and ends the writing only; reading goes on, as most clients do. One thread may read and
 * another write.
 */
final class PeerSocket implements Closeable {
    private static final int CONNECT_MILLIS = 5000;

    private final Job job;
    private final Socket socket = new Socket();
    private final byte[] buffer = new byte[64 * 1024];
    private final CountDownLatch released = new CountDownLatch(1);
    private final long startNanos = System.nanoTime();
    private long received;
    private boolean corrupt;
    private long sent;
    private volatile boolean writable = true;
    private volatile boolean sawReset;
    private volatile boolean cut;
    private volatile PeerEnd end = PeerEnd.OWN;

    PeerSocket(Job job) {
        this.job = job;
    }

    /** Must come before {@link #connect}, since it sets the window scale. */
    void receiveBuffer(int bytes) throws IOException {
        socket.setReceiveBufferSize(bytes);
    }

    void connect() throws IOException {
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(job.host(), job.port()), CONNECT_MILLIS);
    }

    /** Connects and sends the request. */
    void request() throws IOException {
        request(0);
    }

    /** Connects and sends the request with the first bytes of a body behind it. */
    void request(int bodyBytes) throws IOException {
        connect();
        byte[] request = new byte[Request.LENGTH + bodyBytes];
        byte[] head = Request.of(job).encode().getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(head, 0, request, 0, head.length);
        socket.getOutputStream().write(request);
        sent = bodyBytes;
    }

    /** Sends some bytes; {@code false} from the first failure on. */
    boolean send(int length) {
        if (!writable) {
            return false;
        }
        try {
            socket.getOutputStream().write(new byte[length]);
            sent += length;
            return true;
        } catch (IOException e) {
            writable = false;
            // the messages are the kernel's: EPIPE and ECONNRESET
            String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
            noteReset(!cut && (message.contains("reset") || message.contains("broken pipe")));
            return false;
        }
    }

    /** Reads at most {@code most} bytes; 0 once the stream has ended in any way. */
    int read(int most) {
        try {
            int count = socket.getInputStream().read(buffer, 0, Math.min(most, buffer.length));
            if (count < 0) {
                end = cut ? PeerEnd.CUT : PeerEnd.EOF;
                return 0;
            }
            corrupt |= !BytePattern.matches(buffer, count, received);
            received += count;
            return count;
        } catch (IOException e) {
            noteReset(!cut);
            end = cut ? PeerEnd.CUT : PeerEnd.RESET;
            return 0;
        }
    }

    /** Two threads may note it, so it is only ever set. */
    private void noteReset(boolean seen) {
        if (seen) {
            sawReset = true;
        }
    }

    /** Reads to the end of the stream. */
    void readAll() {
        while (read(buffer.length) > 0) {
            // counted in read
        }
    }

    boolean ended() {
        return end != PeerEnd.OWN;
    }

    void finishSending() throws IOException {
        socket.shutdownOutput();
    }

    /** Ends the connection with RST. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    /** Waits until the lab lets this peer go: when the server has closed, or when the run's time is over. */
    void awaitRelease() throws InterruptedException {
        released.await();
    }

    /** Waits the same, at most the given time; whether the lab let it go. */
    boolean awaitRelease(long millis) throws InterruptedException {
        return released.await(millis, TimeUnit.MILLISECONDS);
    }

    /** The server has closed: peers that hold on may go. */
    void release() {
        released.countDown();
    }

    /** The time is over: ends whatever the peer is doing. */
    void cut() {
        cut = true;
        release();
        close();
    }

    PeerResult result(String error) {
        long nanos = System.nanoTime() - startNanos;
        return new PeerResult(job.run(), received, cut ? PeerEnd.CUT : end, sawReset, corrupt, sent, nanos, error);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // nothing more is wanted from it
        }
    }
}
