package dev.lastbyte.it.load;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** A WebSocket that waits for the server's Close and answers it. Confined to one thread. */
final class WebSocketClient implements AutoCloseable {
    private static final int CLOSE = 8;
    private static final int MASKED = 0x80;

    private final Http1Socket socket;

    WebSocketClient(Http1Socket socket) throws IOException {
        this.socket = socket;
        socket.send("GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n");
        int status = socket.answer().status();
        if (status != 101) {
            throw new IOException("the upgrade was answered with " + status);
        }
    }

    /** Reads until the server's Close, and returns its status. */
    int awaitClose() throws IOException {
        InputStream in = socket.in();
        while (true) {
            int kind = need(in.read()) & 0xf;
            int length = need(in.read()) & 0x7f;
            if (length > 125) {
                throw new IOException("a long frame");
            }
            byte[] payload = in.readNBytes(length);
            if (payload.length < length) {
                throw new EOFException("cut in a frame");
            }
            if (kind == CLOSE) {
                int status = length < 2 ? 1005 : (payload[0] & 0xff) << 8 | payload[1] & 0xff;
                byte[] answer = {
                    (byte) (0x80 | CLOSE), (byte) (MASKED | 2), 0, 0, 0, 0, (byte) (status >> 8), (byte) status
                };
                socket.send(answer, answer.length);
                return status;
            }
        }
    }

    private static int need(int read) throws IOException {
        if (read < 0) {
            throw new EOFException("closed without a Close frame");
        }
        return read;
    }

    @Override
    public void close() {
        socket.close();
    }
}
