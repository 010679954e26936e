package dev.lastbyte.demo;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * The bytes that the demo's servers answer with: byte <i>i</i> of an answer, counted from 0, is the letter {@code 'a' + i
 * mod 26}, so {@code abc…xyzabc…}. A receiver can check every byte without knowing more than its position. Thread-safe.
 */
public final class BytePattern {
    /** A whole number of alphabets just below 64 KiB: chunks of this size all look the same. */
    public static final int CHUNK = 26 * 2520;

    private static final ByteBuf ONE_CHUNK = chunk();

    private BytePattern() {}

    /** The byte at a position. */
    public static byte at(long position) {
        return (byte) ('a' + position % 26);
    }

    /**
     * A view of the pattern that shares one buffer, so it costs no copy.
     *
     * @param length at most {@link #CHUNK}; the view starts at the letter {@code a}
     */
    public static ByteBuf slice(int length) {
        return ONE_CHUNK.retainedSlice(0, length);
    }

    /** The pattern's first bytes in one buffer of their own. */
    public static ByteBuf copy(int length) {
        ByteBuf bytes = Unpooled.directBuffer(length);
        for (int done = 0; done < length; done += CHUNK) {
            bytes.writeBytes(ONE_CHUNK, 0, Math.min(CHUNK, length - done));
        }
        return bytes;
    }

    /** Whether the bytes are those that the pattern has from a position on. */
    public static boolean matches(byte[] bytes, int length, long position) {
        int expected = (int) (position % 26);
        for (int i = 0; i < length; i++) {
            if (bytes[i] != 'a' + expected) {
                return false;
            }
            expected = expected == 25 ? 0 : expected + 1;
        }
        return true;
    }

    private static ByteBuf chunk() {
        ByteBuf chunk = Unpooled.directBuffer(CHUNK);
        for (int i = 0; i < CHUNK; i++) {
            chunk.writeByte(at(i));
        }
        return Unpooled.unreleasableBuffer(chunk.asReadOnly());
    }
}
