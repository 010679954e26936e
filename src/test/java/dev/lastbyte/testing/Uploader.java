package dev.lastbyte.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A peer on a thread of its own that sends its whole body before it reads. Thread-safe. */
public final class Uploader {
    private static final int CHUNK = 64 * 1024;

    private final String label;
    private final CompletableFuture<PeerResult> result = new CompletableFuture<>();

    /** Connects and begins. */
    public Uploader(String label, SocketAddress address, int receiveBuffer, int body) {
        this.label = label;
        new Thread(() -> run(address, receiveBuffer, body), "uploader").start();
    }

    private void run(SocketAddress address, int receiveBuffer, int body) {
        try (PeerRun run = new PeerRun(PeerSocket.connect(address, null, receiveBuffer), 1, new CountDownLatch(1))) {
            run.request();
            byte[] chunk = new byte[CHUNK];
            for (int sent = 0; sent < body && run.send(chunk); sent += CHUNK) {
                // as fast as the server takes it
            }
            run.readAll();
            result.complete(run.result());
        } catch (IOException e) {
            result.completeExceptionally(new UncheckedIOException(e));
        }
    }

    public String label() {
        return label;
    }

    /** What it saw, when it has ended. */
    public PeerResult result() throws InterruptedException, ExecutionException, TimeoutException {
        return result.get(TestServer.PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
}
