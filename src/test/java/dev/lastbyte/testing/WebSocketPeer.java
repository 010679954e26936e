package dev.lastbyte.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket client of a few lines on a blocking socket, without any codec of Netty's in it. One thread may read and one
 * write; both belong to the caller.
 */
public final class WebSocketPeer implements AutoCloseable {
    public static final int CONTINUATION = 0;
    public static final int TEXT = 1;
    public static final int BINARY = 2;
    public static final int CLOSE = 8;
    public static final int PING = 9;
    public static final int PONG = 10;

    private static final byte[] MASK = {1, 2, 3, 4};

    private final PeerSocket socket;
    private final byte[] input = new byte[64 * 1024];
    private int position;
    private int limit;

    /** One frame as it came. */
    public record Frame(boolean last, int opcode, byte[] payload) {
        public String text() {
            return new String(payload, UTF_8);
        }

        /** The status of a Close frame; -1 without one. */
        public int status() {
            return payload.length < 2 ? -1 : ByteBuffer.wrap(payload).getShort() & 0xffff;
        }

        /** The reason of a Close frame. */
        public String reason() {
            return payload.length < 2 ? "" : new String(payload, 2, payload.length - 2, UTF_8);
        }
    }

    private WebSocketPeer(PeerSocket socket) {
        this.socket = socket;
    }

    public static WebSocketPeer connect(SocketAddress address) throws IOException {
        return connect(address, 0);
    }

    /** Connects and shakes hands. */
    public static WebSocketPeer connect(SocketAddress address, int receiveBuffer) throws IOException {
        WebSocketPeer peer = silent(address, receiveBuffer);
        peer.shakeHands();
        return peer;
    }

    /** Connects, and says nothing yet. */
    public static WebSocketPeer silent(SocketAddress address, int receiveBuffer) throws IOException {
        return new WebSocketPeer(PeerSocket.connect(address, null, receiveBuffer));
    }

    /** Asks for a WebSocket, and gets it. */
    public void shakeHands() throws IOException {
        write(handshake());
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = next();
            if (next < 0) {
                throw new IOException("the handshake ended in " + head);
            }
            head.append((char) next);
        }
        if (!head.toString().startsWith("HTTP/1.1 101 ")) {
            throw new IOException("no WebSocket: " + head);
        }
    }

    /** The request that asks for a WebSocket on {@code /}. */
    public static byte[] handshake() {
        return ("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
                .getBytes(US_ASCII);
    }

    /** The bytes of a client's frame, whose payload is shorter than 64 KiB. */
    public static byte[] masked(boolean last, int opcode, byte[] payload) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream(payload.length + 8);
        frame.write((last ? 0x80 : 0) | opcode);
        if (payload.length < 126) {
            frame.write(0x80 | payload.length);
        } else {
            frame.write(0x80 | 126);
            frame.write(payload.length >>> 8);
            frame.write(payload.length);
        }
        frame.writeBytes(MASK);
        for (int i = 0; i < payload.length; i++) {
            frame.write(payload[i] ^ MASK[i % 4]);
        }
        return frame.toByteArray();
    }

    /** The payload of a Close frame. */
    public static byte[] closing(int status, String reason) {
        byte[] text = reason.getBytes(UTF_8);
        return ByteBuffer.allocate(2 + text.length)
                .putShort((short) status)
                .put(text)
                .array();
    }

    public void send(boolean last, int opcode, byte[] payload) throws IOException {
        write(masked(last, opcode, payload));
    }

    public void sendText(String text) throws IOException {
        send(true, TEXT, text.getBytes(UTF_8));
    }

    public void sendClose(int status, String reason) throws IOException {
        send(true, CLOSE, closing(status, reason));
    }

    /** The next frame; null at an orderly end between two frames, at which the socket is closed, as RFC 6455 wants it. */
    public @Nullable Frame read() throws IOException {
        int first = next();
        if (first < 0) {
            close();
            return null;
        }
        int length = must();
        if ((length & 0x80) != 0) {
            throw new IOException("a masked frame from the server");
        }
        if (length == 126) {
            length = must() << 8 | must();
        } else if (length == 127) {
            long large = 0;
            for (int i = 0; i < 8; i++) {
                large = large << 8 | must();
            }
            length = Math.toIntExact(large);
        }
        byte[] payload = new byte[length];
        for (int i = 0; i < length; i++) {
            payload[i] = (byte) must();
        }
        return new Frame((first & 0x80) != 0, first & 0x0f, payload);
    }

    private int must() throws IOException {
        int next = next();
        if (next < 0) {
            throw new IOException("the end came in the middle of a frame");
        }
        return next;
    }

    private int next() throws IOException {
        if (position == limit) {
            limit = socket.read(input, input.length);
            position = 0;
            if (limit < 0) {
                limit = 0;
                return -1;
            }
        }
        return input[position++] & 0xff;
    }

    private void write(byte[] bytes) throws IOException {
        socket.write(bytes, bytes.length);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
