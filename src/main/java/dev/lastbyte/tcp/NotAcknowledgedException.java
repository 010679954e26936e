package dev.lastbyte.tcp;

import java.io.IOException;

/**
 * Fails {@link SendQueue#acknowledged}: the connection was closed or reset before the peer's TCP was seen to acknowledge everything.
 * Some of it may have arrived all the same. Immutable.
 */
public final class NotAcknowledgedException extends IOException {
    private static final long serialVersionUID = 1;

    NotAcknowledgedException(String message) {
        super(message);
    }
}
