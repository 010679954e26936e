package dev.lastbyte;

import dev.lastbyte.internal.ChannelTimer;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.OutboundFlush;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.internal.TcpInfo;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import org.slf4j.Logger;

/**
 * Keeps a connection open after the peer ended its side first, until the answers that it still waits for are written: output
 * pending at the FIN, an open exchange, the user's grace. Then the channel is closed from the end of its pipeline, so that
 * every protocol says its farewell. A close that a handler swallows, or holds back without end, is begun at our own handler in the
 * end. Lives from the peer's FIN to the beginning of the close. Confined to the channel's event loop.
 */
final class PeerFin {
    private static final Logger LOG = Loggers.of(PeerFin.class);
    private static final long CHECK_NANOS = 500_000_000;

    private final ChannelHandlerContext ctx;
    private final GracefulCloseConfig config;
    private final SystemView system;
    private final Runnable onReset;
    private final Runnable onSwallowed;
    private final ChannelTimer timer;
    private final OutboundFlush output;
    private final long graceEndNanos;
    private final boolean atFin;
    private long lastProgressNanos;
    private boolean exchangeOpen;
    private boolean flushing;
    private boolean closing;
    private boolean over;

    /**
     * Made at the peer's FIN.
     *
     * @param onReset the peer has reset the connection
     * @param onSwallowed the close has not come through to our handler
     */
    PeerFin(
            ChannelHandlerContext ctx,
            GracefulCloseConfig config,
            SystemView system,
            Runnable onReset,
            Runnable onSwallowed) {
        this(ctx, config, system, onReset, onSwallowed, config.peerHalfCloseGraceNanos(), true);
    }

    private PeerFin(
            ChannelHandlerContext ctx,
            GracefulCloseConfig config,
            SystemView system,
            Runnable onReset,
            Runnable onSwallowed,
            long graceNanos,
            boolean atFin) {
        this.atFin = atFin;
        this.ctx = ctx;
        this.config = config;
        this.system = system;
        this.onReset = onReset;
        this.onSwallowed = onSwallowed;
        timer = new ChannelTimer(ctx, system, this::onTimer);
        output = new OutboundFlush(ctx);
        lastProgressNanos = timer.usableNow();
        graceEndNanos = lastProgressNanos + graceNanos;
    }

    /** For a peer that has ended TLS. Its FIN is given the quiet period to follow, and takes this one's place. */
    static PeerFin atCloseNotify(
            ChannelHandlerContext ctx,
            GracefulCloseConfig config,
            SystemView system,
            Runnable onReset,
            Runnable onSwallowed) {
        long grace = Math.max(config.quietPeriodNanos(), config.peerHalfCloseGraceNanos());
        return new PeerFin(ctx, config, system, onReset, onSwallowed, grace, false);
    }

    /** Whether the peer's FIN has been read, and not only its close_notify. */
    boolean isAtFin() {
        return atFin;
    }

    /** Whether a peer that has just ended its side is still owed something. */
    static boolean isOwed(ChannelHandlerContext ctx, GracefulCloseConfig config, int openExchanges) {
        return OutboundFlush.isPending(ctx) || openExchanges > 0 || config.peerHalfCloseGraceNanos() > 0;
    }

    /** Begins at the peer's FIN. */
    void start(boolean openExchange) {
        if (over) {
            return;
        }
        exchangeOpen = openExchange;
        if (OutboundFlush.isPending(ctx)) {
            flushing = true;
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> {
                flushing = false;
                closeIfDone();
            });
        }
        onTimer();
    }

    void exchangeChanged(boolean open) {
        exchangeOpen = open;
        closeIfDone();
    }

    void stop() {
        over = true;
        timer.cancel();
    }

    private void onTimer() {
        if (over) {
            return;
        }
        long now = timer.usableNow();
        if (output.progressed()) {
            lastProgressNanos = now;
        }
        if (isReset()) {
            stop();
            onReset.run();
        } else if (now - lastProgressNanos >= config.peerHalfCloseTimeoutNanos()) {
            onTimeout();
        } else if (!closeIfDone()) {
            timer.armAt(timer.now() + next(now) - now);
        }
    }

    private void onTimeout() {
        if (closing) {
            LOG.warn(
                    "{} close() has not come through for {} ms: a handler holds it back or swallows it; closing below it",
                    ctx.channel(),
                    config.peerHalfCloseTimeout().toMillis());
            stop();
            onSwallowed.run();
        } else {
            LOG.debug(
                    "{} nothing was written for {} after the peer's FIN", ctx.channel(), config.peerHalfCloseTimeout());
            close();
        }
    }

    /** After its FIN a peer's reset is reported by no transport until something is written; the kernel knows. */
    private boolean isReset() {
        TcpInfo info = system.hasTcpInfo(ctx.channel()) ? system.tcpInfo(ctx.channel()) : null;
        return info != null && info.isLost(TcpInfo.syn(ctx.channel()));
    }

    private long next(long now) {
        long check = Math.min(CHECK_NANOS, Math.max(1_000_000, config.peerHalfCloseTimeoutNanos() / 8));
        boolean grace = graceEndNanos - now > 0 && graceEndNanos - now < check;
        return grace ? graceEndNanos : now + check;
    }

    private boolean closeIfDone() {
        if (over || closing || flushing || exchangeOpen || timer.usableNow() - graceEndNanos < 0) {
            return false;
        }
        close();
        return true;
    }

    /** Closes from the end of the pipeline; our handler stops us when the close has come through. */
    private void close() {
        closing = true;
        lastProgressNanos = timer.usableNow();
        ctx.channel().close();
        if (!over) {
            timer.armAt(timer.now() + next(lastProgressNanos) - lastProgressNanos);
        }
    }
}
