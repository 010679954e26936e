package dev.lastbyte.demo.lab.peer;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Peers that send megabytes after their request. Stateless. */
final class Uploaders {
    private static final int STEP = 16 * 1024;
    private static final int UPLOAD_BYTES = 4_000_000;
    private static final long UPLOAD_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final int FIRST_BYTES = 16_000_000;

    private Uploaders() {}

    static void untilEof(PeerSocket socket) throws IOException, InterruptedException {
        uploadWhileReading(socket, () -> !socket.ended());
    }

    static void fourMegabytes(PeerSocket socket) throws IOException, InterruptedException {
        int[] steps = {UPLOAD_BYTES / STEP};
        uploadWhileReading(socket, () -> steps[0]-- > 0);
    }

    static void twoSeconds(PeerSocket socket) throws IOException, InterruptedException {
        long start = System.nanoTime();
        uploadWhileReading(socket, () -> System.nanoTime() - start < UPLOAD_NANOS);
    }

    static void everythingFirst(PeerSocket socket) throws IOException {
        socket.request();
        for (int left = FIRST_BYTES; left > 0 && socket.send(Math.min(left, STEP)); left -= STEP) {
            // blocks whenever the server's receive window is closed
        }
        socket.readAll();
    }

    private static void uploadWhileReading(PeerSocket socket, BooleanSupplier more)
            throws IOException, InterruptedException {
        socket.request();
        Thread reader = new Thread(socket::readAll, "upload-reader");
        reader.setDaemon(true);
        reader.start();
        while (more.getAsBoolean() && socket.send(STEP)) {
            Thread.sleep(1);
        }
        reader.join();
    }
}
