package dev.lastbyte.demo.lab.peer;

import java.io.IOException;

/** Peers that keep the connection or let the server wait. They go when the server has closed. Stateless. */
final class Holders {
    private static final long DRIP_MILLIS = 100;
    private static final int DRIPS_AFTER_RELEASE = 3;
    private static final long STALL_MILLIS = 2000;

    private Holders() {}

    static void neverCloses(PeerSocket socket) throws IOException, InterruptedException {
        socket.request();
        socket.readAll();
        socket.awaitRelease();
    }

    static void neverReads(PeerSocket socket) throws IOException, InterruptedException {
        socket.request();
        socket.awaitRelease();
    }

    /** Drips on for a moment after the server has closed, to find out whether it answers with a reset. */
    static void drip(PeerSocket socket) throws IOException, InterruptedException {
        socket.request();
        socket.readAll();
        boolean going = socket.send(1);
        while (going && !socket.awaitRelease(DRIP_MILLIS)) {
            going = socket.send(1);
        }
        for (int i = 0; going && i < DRIPS_AFTER_RELEASE; i++) {
            Thread.sleep(DRIP_MILLIS);
            going = socket.send(1);
        }
    }

    static void stall(PeerSocket socket) throws IOException, InterruptedException {
        socket.request();
        Thread.sleep(STALL_MILLIS);
        socket.readAll();
    }
}
