package dev.lastbyte.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One peer's connection while its script plays: sends, reads, and keeps count of what came. The reading methods belong
 * to one thread, the writing ones to one other.
 */
public final class PeerRun implements AutoCloseable {
    /** Length of a request; it begins with the peer's number. */
    public static final int REQUEST = 100;

    private final PeerSocket socket;
    private final int id;
    private final CountDownLatch serverDone;
    private final byte[] input = new byte[64 * 1024];
    private volatile @Nullable String writeError;
    private @Nullable String readError;
    private long bytes;
    private boolean intact = true;
    private boolean eof;

    public PeerRun(PeerSocket socket, int id, CountDownLatch serverDone) {
        this.socket = socket;
        this.id = id;
        this.serverDone = serverDone;
    }

    int id() {
        return id;
    }

    public PeerSocket socket() {
        return socket;
    }

    public void request() {
        send(ByteBuffer.allocate(REQUEST).putInt(0, id).array());
    }

    /** A request with a body right behind it. */
    public void requestAndBody(int bodyLength) {
        send(ByteBuffer.allocate(REQUEST + bodyLength).putInt(0, id).array());
    }

    /** Writes; returns false, and keeps the error, if the connection does not take it. */
    public boolean send(byte[] data) {
        try {
            socket.write(data, data.length);
            return true;
        } catch (IOException e) {
            writeError = e.toString();
            return false;
        }
    }

    public void shutdownOutput() {
        try {
            socket.shutdownOutput();
        } catch (IOException e) {
            writeError = e.toString();
        }
    }

    /** Reads at most {@code limit} bytes; returns how many, or -1 when there are no more, in whatever way it ended. */
    public int read(int limit) {
        try {
            int count = socket.read(input, Math.min(limit, input.length));
            if (count < 0) {
                eof = true;
                return -1;
            }
            intact &= BytePattern.matches(input, count, bytes);
            bytes += count;
            return count;
        } catch (IOException e) {
            readError = e.toString();
            return -1;
        }
    }

    public void readAll() {
        while (read(input.length) >= 0) {
            // counted in read()
        }
    }

    public long bytes() {
        return bytes;
    }

    public boolean isEof() {
        return eof;
    }

    /** The script's own pace; never a way to wait for the server. */
    public void pause(long millis) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /** Whether the server has reported the end of this connection. */
    public boolean isServerDone() {
        return serverDone.getCount() == 0;
    }

    /** Holds the connection until the server has reported its end. */
    public void awaitServer() {
        try {
            if (!serverDone.await(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("no report within 60 s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    public PeerResult result() {
        return new PeerResult(bytes, intact, eof, readError, writeError);
    }
}
