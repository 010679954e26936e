package dev.lastbyte;

import java.nio.channels.ClosedChannelException;

/**
 * Fails a write that came after {@code close()}: the close sequence takes no more output. Without a stack trace, as it may
 * be thrown often. Immutable.
 */
final class ClosedForWritingException extends ClosedChannelException {
    private static final long serialVersionUID = 1;

    ClosedForWritingException() {}

    @Override
    public String getMessage() {
        return "close() was called on this channel before the write; the graceful close sends only what was written before";
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
