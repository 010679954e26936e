package dev.lastbyte;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Tells whose fault an I/O error is. Stateless. */
final class TransportErrors {
    /** What the JDK and the kernel say when the connection itself has ended; everything else failed on this side. */
    private static final String[] ENDED = {"reset", "broken pipe", "aborted", "not connected", "timed out"};

    private TransportErrors() {}

    /** Whether the peer, or the kernel on its behalf, ended the connection: ECONNRESET, EPIPE, ENOTCONN, ETIMEDOUT. */
    static boolean isConnectionLost(@Nullable Throwable cause) {
        if (!(cause instanceof IOException) || cause instanceof ClosedChannelException || cause.getMessage() == null) {
            return false;
        }
        String message = cause.getMessage().toLowerCase(Locale.ROOT);
        for (String sign : ENDED) {
            if (message.contains(sign)) {
                return true;
            }
        }
        return false;
    }
}
