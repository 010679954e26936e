package dev.lastbyte.auto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;

/**
 * Whether the whole head of an HTTP/1 request has gone by, whatever came before it, such as a PROXY header. Takes nothing and keeps
 * nothing of what it sees. Confined to the channel's event loop.
 */
final class RequestHead implements ByteProcessor {
    private static final byte[] VERSION = " HTTP/1.".getBytes(US_ASCII);
    private static final byte[] HEAD = "HEAD ".getBytes(US_ASCII);

    private int column;
    private int matched; // of VERSION
    private boolean head = true;
    private boolean versionSeen;
    private boolean lineIsEmpty;
    private boolean complete;

    /** Looks at bytes that are passed on. */
    void see(ByteBuf bytes) {
        if (!complete) {
            bytes.forEachByte(this);
        }
    }

    boolean isComplete() {
        return complete;
    }

    /** Whether its response has no body, whatever its head says. */
    boolean isHead() {
        return head;
    }

    @Override
    public boolean process(byte value) {
        if (versionSeen) {
            complete = value == '\n' && lineIsEmpty;
            lineIsEmpty = value == '\n' || (lineIsEmpty && value == '\r');
        } else if (value == '\n') {
            column = 0;
            matched = 0;
            head = true;
        } else {
            head &= column >= HEAD.length || value == HEAD[column];
            column++;
            matched = value == VERSION[matched] ? matched + 1 : value == VERSION[0] ? 1 : 0;
            versionSeen = matched == VERSION.length;
        }
        return !complete;
    }
}
