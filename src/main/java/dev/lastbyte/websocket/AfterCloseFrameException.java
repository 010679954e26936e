package dev.lastbyte.websocket;

import java.nio.channels.ClosedChannelException;

/**
 * Fails a frame that was written behind the Close frame: it has not been sent (RFC 6455, 5.5.1). Without a stack trace, as it
 * may be thrown often. Immutable.
 */
final class AfterCloseFrameException extends ClosedChannelException {
    private static final long serialVersionUID = 1;

    AfterCloseFrameException() {}

    @Override
    public String getMessage() {
        return "a Close frame was written to this WebSocket before; nothing is sent behind it";
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
