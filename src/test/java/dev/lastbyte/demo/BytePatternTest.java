package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class BytePatternTest {
    @Test
    void copy_acrossChunks_isTheAlphabetOverAndOver() {
        ByteBuf copy = BytePattern.copy(3 * BytePattern.CHUNK + 30);
        try {
            byte[] bytes = ByteBufUtil.getBytes(copy);
            assertEquals("abcdefghijklmnopqrstuvwxyzabcd", new String(bytes, 0, 30, StandardCharsets.US_ASCII));
            assertTrue(BytePattern.matches(bytes, bytes.length, 0));
        } finally {
            copy.release();
        }
    }

    @Test
    void matches_oneWrongOrShiftedByte_isFalse() {
        byte[] bytes = {BytePattern.at(25), BytePattern.at(26), BytePattern.at(27)};
        assertTrue(BytePattern.matches(bytes, 3, 25));
        assertFalse(BytePattern.matches(bytes, 3, 26));
        bytes[2] = 'x';
        assertFalse(BytePattern.matches(bytes, 3, 25));
    }
}
