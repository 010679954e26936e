package dev.lastbyte;

import dev.lastbyte.internal.Loggers;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslHandler;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * TLS as one close sees it: whether the handshake was done when it began, and how the peer ended its stream, put together from
 * what {@code SslHandler} has decrypted and from the records that are dropped in front of it. Confined to the channel's event
 * loop.
 */
final class TlsClose {
    private static final Logger LOG = Loggers.of(TlsClose.class);

    private final @Nullable Session session;
    private final boolean established;
    private final boolean refused;
    private final boolean sameThread;
    private final TlsRecords records;
    private @Nullable TlsHandshakeSweep sweep;

    private TlsClose(ChannelHandlerContext tls) {
        session = Placement.isSslHandler(tls.handler()) ? new Session(tls.handler()) : null;
        established = session != null && session.isEstablished();
        refused = session != null && session.isRefused();
        sameThread = tls.executor().inEventLoop();
        records = new TlsRecords(established, session != null && established ? session.hiddenBytes() : 0);
    }

    /** TLS of a connection whose application speaks it; null if its engine does not answer. */
    static @Nullable TlsClose of(ChannelHandlerContext tls) {
        try {
            return new TlsClose(tls);
        } catch (RuntimeException e) {
            LOG.debug("{} the TLS engine does not answer; closing as if there was none", tls.channel(), e);
            return null;
        }
    }

    /** How the peer ended the stream of a connection that ended without a close sequence; null if the engine does not answer. */
    static @Nullable TlsEnd endWithoutClose(ChannelHandlerContext tls, CloseCause cause) {
        TlsClose seen = of(tls);
        if (seen == null) {
            return null;
        }
        TlsEnd end = seen.end(false);
        // Where the connection ended below the handler, perhaps with EOF.
        return cause == CloseCause.TRANSPORT && end == TlsEnd.NOT_SEEN ? TlsEnd.UNKNOWN : end;
    }

    /** Whether the close began without a session: nothing of the application's can have reached the peer. */
    boolean isWithoutSession() {
        return !established;
    }

    /** Nothing can be delivered: what has arrived is read, and no more is waited for. */
    void beginSweep(long quietPeriodNanos, long now) {
        sweep = new TlsHandshakeSweep(refused, quietPeriodNanos, now);
    }

    /** What {@link #beginSweep} began, or null. */
    @Nullable
    TlsHandshakeSweep sweep() {
        return sweep;
    }

    /** Input that is dropped, as it came from the socket. */
    void onDropped(ByteBuf input) {
        records.feed(input);
    }

    /**
     * How the peer ended its stream.
     *
     * @param eof whether the peer's FIN was read
     */
    TlsEnd end(boolean eof) {
        if (sawCloseNotify()) {
            return TlsEnd.CLOSE_NOTIFY;
        }
        if (!eof) {
            return TlsEnd.NOT_SEEN;
        }
        TlsEnd seen = records.endAtEof();
        // On a thread of its own SslHandler may not have come to what it was given before the close.
        return seen == TlsEnd.MISSING && !sameThread ? TlsEnd.UNKNOWN : seen;
    }

    private boolean sawCloseNotify() {
        try {
            return session != null && session.sawCloseNotify();
        } catch (RuntimeException e) {
            LOG.debug("the TLS engine does not say how its input ended", e);
            return false;
        }
    }

    /** How many dropped bytes were the application's, at least; empty if that cannot be told. */
    OptionalLong applicationBytes() {
        long bytes = records.applicationBytes();
        return bytes < 0 ? OptionalLong.empty() : OptionalLong.of(bytes);
    }

    /**
     * What an {@code SslHandler} knows about its connection: the only code that touches the class. Loaded only where one is in
     * the pipeline.
     */
    private static final class Session {
        /** What an engine answers before it has a session (SSLEngine.getSession). */
        private static final String NO_CIPHER = "SSL_NULL_WITH_NULL_NULL";

        private static final int INNER_TYPE = 1;
        private static final int TAG = 16;
        private static final int SHORT_TAG = 8;

        private final SslHandler handler;

        Session(ChannelHandler sslHandler) {
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
}
