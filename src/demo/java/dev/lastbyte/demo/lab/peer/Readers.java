package dev.lastbyte.demo.lab.peer;

import java.io.IOException;

/** Peers that read the answer at once and send little or nothing. Stateless. */
final class Readers {
    private static final int CHATTY_STEP = 32 * 1024;
    private static final int SLOW_STEP = 16 * 1024;
    private static final int UNREAD_BODY = 64 * 1024;
    private static final int RESET_AFTER = 100_000;

    private Readers() {}

    static void well(PeerSocket socket) throws IOException {
        socket.request();
        socket.readAll();
    }

    /** What HTTP/2 (WINDOW_UPDATE) and TLS (close_notify) clients do, in bare TCP. */
    static void chatty(PeerSocket socket) throws IOException {
        socket.request();
        int untilNext = CHATTY_STEP;
        for (int count = socket.read(untilNext); count > 0; count = socket.read(untilNext)) {
            untilNext -= count;
            if (untilNext == 0) {
                socket.send(13);
                untilNext = CHATTY_STEP;
            }
        }
        socket.send(31);
    }

    static void slow(PeerSocket socket) throws IOException, InterruptedException {
        socket.receiveBuffer(SLOW_STEP);
        socket.request();
        while (socket.read(SLOW_STEP) > 0) {
            Thread.sleep(2);
        }
    }

    static void unread(PeerSocket socket) throws IOException {
        socket.request(UNREAD_BODY);
        socket.readAll();
    }

    static void halfClose(PeerSocket socket) throws IOException {
        socket.request();
        socket.finishSending();
        socket.readAll();
    }

    static void reset(PeerSocket socket) throws IOException {
        socket.request();
        int left = RESET_AFTER;
        for (int count = socket.read(left); count > 0 && left > count; count = socket.read(left)) {
            left -= count;
        }
        if (!socket.ended()) {
            socket.reset();
        }
    }
}
