package dev.lastbyte.it.load;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/** An upload of 20 MB that is answered with 413 at once, by a client that reads nothing until it has written everything. Immutable. */
record EarlyReject(int answered, int sent, long slowestMillis) {
    private static final int SIZE = 20_000_000;
    private static final int PORTION = 65_536;

    static EarlyReject times(int count, int port, SSLContext tls) {
        int answered = 0;
        long slowest = 0;
        for (int i = 0; i < count; i++) {
            long start = System.nanoTime();
            if (isAnswered(port, tls)) {
                answered++;
                slowest = Math.max(slowest, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
            }
        }
        return new EarlyReject(answered, count, slowest);
    }

    private static boolean isAnswered(int port, SSLContext tls) {
        try (Http1Socket socket = Http1Socket.open(port, tls)) {
            socket.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: " + SIZE + "\r\n\r\n");
            byte[] portion = new byte[PORTION];
            for (int left = SIZE; left > 0; left -= PORTION) {
                socket.send(portion, left);
            }
            return socket.answer().status() == 413;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return answered + " of " + sent + (answered == 0 ? "" : ", " + slowestMillis + " ms");
    }
}
