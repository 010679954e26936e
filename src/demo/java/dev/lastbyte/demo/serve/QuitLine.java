package dev.lastbyte.demo.serve;

import io.netty.buffer.ByteBuf;

/** Finds a line that says {@code QUIT} in a stream of buffers, wherever the buffers are cut. Confined to one thread. */
final class QuitLine {
    static final int NOT_YET = -1;

    private static final String WORD = "QUIT";
    /** No letters of the word can match before the next line begins. */
    private static final int OTHER_LINE = -1;

    private int matched;

    /** How many of the buffer's bytes lie before the end of such a line, or {@link #NOT_YET}. */
    int find(ByteBuf bytes) {
        for (int i = 0; i < bytes.readableBytes(); i++) {
            char next = (char) bytes.getByte(bytes.readerIndex() + i);
            if (next == '\n') {
                if (matched == WORD.length()) {
                    return i + 1;
                }
                matched = 0;
            } else if (matched >= 0 && matched < WORD.length() && next == WORD.charAt(matched)) {
                matched++;
            } else if (matched != WORD.length() || next != '\r') {
                matched = OTHER_LINE;
            }
        }
        return NOT_YET;
    }
}
