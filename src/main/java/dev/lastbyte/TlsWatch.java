package dev.lastbyte;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * TLS as one close sees it: whether the handshake was done when it began, and how the peer ended its stream, put together from
 * what {@code SslHandler} has decrypted and from the records that are dropped in front of it. Confined to the channel's event
 * loop.
 */
final class TlsWatch {
    private final @Nullable TlsSession session;
    private final boolean established;
    private final boolean refused;
    private final boolean sameThread;
    private final TlsRecords records;

    private TlsWatch(ChannelHandlerContext tls) {
        session = Placement.isSslHandler(tls.handler()) ? new TlsSession(tls.handler()) : null;
        established = session != null && session.isEstablished();
        refused = session != null && session.isRefused();
        sameThread = tls.executor().inEventLoop();
        records = new TlsRecords(established, session != null && established ? session.hiddenBytes() : 0);
    }

    /** The watch of a connection whose application speaks TLS, looked up now: handlers replace each other; null without TLS. */
    static @Nullable TlsWatch of(ChannelHandlerContext ctx) {
        ChannelHandlerContext tls = Placement.tlsBehind(ctx);
        try {
            return tls == null ? null : new TlsWatch(tls);
        } catch (RuntimeException e) {
            CloseLog.LOG.debug("{} the TLS engine does not answer; closing as if there was none", ctx.channel(), e);
            return null;
        }
    }

    /** Whether the close began without a session: nothing of the application's can have reached the peer. */
    boolean isWithoutSession() {
        return !established;
    }

    /** Whether the handshake had failed: then the alert that says why is on its way to the peer. */
    boolean isRefused() {
        return refused;
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
            CloseLog.LOG.debug("the TLS engine does not say how its input ended", e);
            return false;
        }
    }

    /** How the peer ended its stream where the connection ended below the handler: perhaps with EOF. */
    TlsEnd endBelow() {
        TlsEnd seen = end(false);
        return seen == TlsEnd.NOT_SEEN ? TlsEnd.UNKNOWN : seen;
    }

    /** How many dropped bytes were the application's, at least; empty if that cannot be told. */
    OptionalLong applicationBytes() {
        long bytes = records.applicationBytes();
        return bytes < 0 ? OptionalLong.empty() : OptionalLong.of(bytes);
    }
}
