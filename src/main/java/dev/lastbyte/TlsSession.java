package dev.lastbyte;

import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.SslHandler;

/**
 * What an {@code SslHandler} knows about its connection: the only file that touches the class. Loaded only where one is in
 * the pipeline. Confined to the channel's event loop.
 */
final class TlsSession {
    /** What an engine answers before it has a session (SSLEngine.getSession). */
    private static final String NO_CIPHER = "SSL_NULL_WITH_NULL_NULL";

    private static final int INNER_TYPE = 1;
    private static final int TAG = 16;
    private static final int SHORT_TAG = 8;

    private final SslHandler handler;

    TlsSession(ChannelHandler sslHandler) {
        handler = (SslHandler) sslHandler;
    }

    /**
     * Whether a handshake has been completed. In TLS 1.2 one more may be under way, with a future of its own; the session shows
     * that it is not the first.
     */
    boolean isEstablished() {
        return handler.handshakeFuture().isSuccess() || (!isTls13() && !NO_CIPHER.equals(cipher()));
    }

    /** Whether the handshake is over, without a session. */
    boolean isRefused() {
        return handler.handshakeFuture().isDone() && !isEstablished();
    }

    /** How many bytes a record carries beside its content, where it hides its type too (RFC 8446, 5.2); 0 before TLS 1.3. */
    int hiddenBytes() {
        int tag = cipher().endsWith("CCM_8_SHA256") ? SHORT_TAG : TAG;
        return isTls13() ? INNER_TYPE + tag : 0;
    }

    /**
     * Whether the peer's close_notify has been decrypted. The future alone may also succeed because this side has closed, the
     * engine's input also ends with an error.
     */
    boolean sawCloseNotify() {
        return handler.sslCloseFuture().isSuccess() && handler.engine().isInboundDone();
    }

    private boolean isTls13() {
        return "TLSv1.3".equals(handler.engine().getSession().getProtocol());
    }

    private String cipher() {
        return handler.engine().getSession().getCipherSuite();
    }
}
