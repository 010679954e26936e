package dev.lastbyte.testing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** HTTP/2 frames as bytes, without any codec in it (RFC 9113, section 4). Stateless. */
public final class Http2Frames {
    public static final int DATA = 0;
    public static final int HEADERS = 1;
    public static final int RST_STREAM = 3;
    public static final int SETTINGS = 4;
    public static final int PING = 6;
    public static final int GOAWAY = 7;
    public static final int WINDOW_UPDATE = 8;

    public static final int END_STREAM = 1;
    public static final int ACK = 1;
    public static final int REFUSED_STREAM = 7;

    private static final int HEADER_BYTES = 9;
    private static final int END_HEADERS = 4;

    private Http2Frames() {}

    /** One frame. */
    public record Frame(int type, int flags, int stream, byte[] payload) {
        public boolean endsStream() {
            return (type == DATA || type == HEADERS) && (flags & END_STREAM) != 0;
        }

        public boolean isAck() {
            return (type == SETTINGS || type == PING) && (flags & ACK) != 0;
        }

        /** The first four bytes of the payload: an error code, an increment, the last stream of a GOAWAY. */
        public int number() {
            return ByteBuffer.wrap(payload).getInt() & Integer.MAX_VALUE;
        }

        /** The error code of a GOAWAY. */
        public int goAwayCode() {
            return ByteBuffer.wrap(payload).getInt(4);
        }

        @Override
        public String toString() {
            String end = endsStream() ? " END" : "";
            return switch (type) {
                case DATA -> "DATA " + stream + " " + payload.length + end;
                case HEADERS -> "HEADERS " + stream + end;
                case RST_STREAM -> "RST " + stream + " " + number();
                case SETTINGS -> isAck() ? "SETTINGS ACK" : "SETTINGS";
                case PING -> isAck() ? "PING ACK" : "PING";
                case GOAWAY -> "GOAWAY " + number() + " " + goAwayCode();
                case WINDOW_UPDATE -> "WINDOW_UPDATE " + stream;
                default -> "frame of type " + type;
            };
        }
    }

    /** The client's preface with empty settings. */
    public static byte[] preface() {
        byte[] words = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        return concat(words, frame(SETTINGS, 0, 0, new byte[0]));
    }

    /** A preface that opens both of the client's flow-control windows as far as they go. */
    public static byte[] prefaceWithOpenWindows() {
        byte[] words = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        byte[] settings = ByteBuffer.allocate(6)
                .putShort((short) 4)
                .putInt(Integer.MAX_VALUE)
                .array();
        byte[] increment =
                ByteBuffer.allocate(4).putInt(Integer.MAX_VALUE - 65_535).array();
        return concat(concat(words, frame(SETTINGS, 0, 0, settings)), frame(WINDOW_UPDATE, 0, 0, increment));
    }

    /** The head of a request, or the whole of it. */
    public static byte[] request(int stream, String path, boolean end) {
        byte[] name = path.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer block = ByteBuffer.allocate(7 + name.length);
        block.put((byte) (end ? 0x82 : 0x83)).put((byte) 0x86); // :method GET or POST, :scheme http
        block.put((byte) 0x04).put((byte) name.length).put(name); // :path
        block.put((byte) 0x01).put((byte) 1).put((byte) 'x'); // :authority
        return frame(HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, block.array());
    }

    /** A whole answer without a body. */
    public static byte[] response(int stream) {
        return frame(HEADERS, END_HEADERS | END_STREAM, stream, new byte[] {(byte) 0x88}); // :status 200
    }

    public static byte[] data(int stream, int length, boolean end) {
        return frame(DATA, end ? END_STREAM : 0, stream, new byte[length]);
    }

    /** An answer to the client's preface. */
    public static byte[] settings() {
        return frame(SETTINGS, 0, 0, new byte[0]);
    }

    public static byte[] reset(int stream, int code) {
        return frame(RST_STREAM, 0, stream, ByteBuffer.allocate(4).putInt(code).array());
    }

    public static byte[] goAway(int last, int code) {
        return frame(
                GOAWAY, 0, 0, ByteBuffer.allocate(8).putInt(last).putInt(code).array());
    }

    public static byte[] pingAck(byte[] payload) {
        return frame(PING, ACK, 0, payload);
    }

    public static byte[] settingsAck() {
        return frame(SETTINGS, ACK, 0, new byte[0]);
    }

    private static byte[] frame(int type, int flags, int stream, byte[] payload) {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES + payload.length);
        bytes.putInt(payload.length << 8 | type)
                .put((byte) flags)
                .putInt(stream)
                .put(payload);
        return bytes.array();
    }

    public static byte[] concat(byte[] one, byte[] two) {
        return ByteBuffer.allocate(one.length + two.length).put(one).put(two).array();
    }

    /** Takes the whole frames out of a buffer that is being filled, and leaves the rest for the next bytes. */
    public static void split(ByteBuffer filled, Consumer<Frame> frames) {
        filled.flip();
        while (filled.remaining() >= HEADER_BYTES) {
            int head = filled.getInt(filled.position());
            int length = head >>> 8;
            if (filled.remaining() < HEADER_BYTES + length) {
                break;
            }
            filled.getInt();
            int flags = filled.get();
            int stream = filled.getInt();
            byte[] payload = new byte[length];
            filled.get(payload);
            frames.accept(new Frame(head & 0xff, flags, stream, payload));
        }
        filled.compact();
    }
}
