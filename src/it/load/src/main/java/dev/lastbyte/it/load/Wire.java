package dev.lastbyte.it.load;

import java.io.Closeable;
import java.io.IOException;

/** How a client reaches the server under test: HTTP/1.1 or HTTP/2, in clear text or over TLS. Thread-safe. */
interface Wire {
    /**
     * Opens a connection, with TLS handshake and preface.
     *
     * @throws RefusedException if nobody listens
     * @throws IOException if the connection was opened, and broke before it could be used
     */
    Connection open() throws IOException;

    /** One connection. Confined to one thread. */
    interface Connection extends Closeable {
        /**
         * Sends a request and waits for its answer.
         *
         * @throws RepeatException if the server has said that it has not touched the request
         * @throws IOException if the request was sent and there is no whole answer
         */
        Answer get(String path) throws IOException;

        /** Whether the server has said that it takes no more requests here. */
        boolean isOver();

        @Override
        void close();
    }

    /** A whole answer. */
    record Answer(int status, String body) {}

    /** Nobody listens: a load balancer would go to another server. */
    @SuppressWarnings("serial")
    final class RefusedException extends IOException {
        RefusedException(IOException cause) {
            super(cause);
        }
    }

    /** The request was not touched and may be sent again. */
    @SuppressWarnings("serial")
    final class RepeatException extends IOException {
        RepeatException(String message) {
            super(message);
        }
    }
}
