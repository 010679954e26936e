package dev.lastbyte.testing;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;

/** The bytes of an answer: each says where in the stream it belongs, so that a gap shows. Immutable. */
public final class BytePattern {
    private static final int PERIOD = 251;
    private static final byte[] BLOCK = block();

    private BytePattern() {}

    /** The bytes from {@code offset} on, in a new buffer. */
    public static ByteBuf slice(ByteBufAllocator allocator, long offset, int length) {
        ByteBuf buffer = allocator.buffer(length, length);
        for (int written = 0; written < length; ) {
            int start = (int) ((offset + written) % PERIOD);
            int count = Math.min(length - written, BLOCK.length - start);
            buffer.writeBytes(BLOCK, start, count);
            written += count;
        }
        return buffer;
    }

    /** Whether the first {@code length} bytes of an array are what an answer holds from {@code offset} on. */
    public static boolean matches(byte[] bytes, int length, long offset) {
        for (int checked = 0; checked < length; ) {
            int start = (int) ((offset + checked) % PERIOD);
            int count = Math.min(length - checked, BLOCK.length - start);
            if (Arrays.mismatch(bytes, checked, checked + count, BLOCK, start, start + count) >= 0) {
                return false;
            }
            checked += count;
        }
        return true;
    }

    private static byte[] block() {
        byte[] block = new byte[PERIOD * 128];
        for (int i = 0; i < block.length; i++) {
            block[i] = (byte) (i % PERIOD);
        }
        return block;
    }
}
