package dev.lastbyte;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one open connection does when its peer ends its side first: whether it outlives that at all, what it still owes, and
 * the watch that waits for it. Confined to the channel's event loop.
 */
final class PeerHalfCloses {
    private final GracefulCloseConfig config;
    private final SystemView system;
    private @Nullable PeerHalfCloseWatch watch;
    private int openExchanges;
    private boolean ownsHalfClosure;

    PeerHalfCloses(GracefulCloseConfig config, SystemView system) {
        this.config = config;
        this.system = system;
    }

    /** Makes the channel outlive its peer's FIN, unless the user has seen to that already. */
    void begin(ChannelHandlerContext ctx) {
        if (config.peerHalfClose() == PeerHalfClose.FINISH_WRITES && !HalfClosure.isAllowed(ctx.channel())) {
            ownsHalfClosure = HalfClosure.outliveEof(ctx.channel());
            NettyGuard.warnOnce(ctx.channel());
        }
    }

    /** Whether the next end of input is ours to answer: the channel is open only because we asked for it. */
    boolean isOurs() {
        return ownsHalfClosure && watch == null;
    }

    /** Whether an event says that the peer has ended its side, in one of the ways in which transports do. */
    static boolean isEndOfInput(Object event) {
        return event == ChannelInputShutdownEvent.INSTANCE || event == ChannelInputShutdownReadComplete.INSTANCE;
    }

    /** The peer has ended its side: ends the channel now if nothing is owed; tells with what it ends whether that is a reset. */
    void onFin(ChannelHandlerContext ctx, Object event, boolean reset, Consumer<Boolean> end) {
        if (reset || !owes(ctx)) {
            end.accept(reset);
        } else {
            await(ctx, event, () -> end.accept(true));
        }
    }

    /** Whether the peer is still owed something. */
    private boolean owes(ChannelHandlerContext ctx) {
        return OutboundFlush.isPending(ctx) || openExchanges > 0 || config.peerHalfCloseGraceNanos() > 0;
    }

    /** Waits until nothing is owed, then closes the channel. */
    private void await(ChannelHandlerContext ctx, Object event, Runnable onReset) {
        PeerHalfCloseWatch begun = new PeerHalfCloseWatch(ctx, config, system, onReset);
        watch = begun;
        EpollHalfOpenFlush.install(ctx);
        ctx.fireUserEventTriggered(event);
        begun.start(openExchanges > 0);
    }

    /** So many exchanges are open. */
    void exchanges(int open) {
        openExchanges = open;
        if (watch != null) {
            watch.exchangeChanged(openExchanges > 0);
        }
    }

    /** The close sequence, or the end, takes over. */
    void stop() {
        if (watch != null) {
            watch.stop();
        }
    }

    /** The handler leaves an open channel: Netty's own way again. */
    void undo(ChannelHandlerContext ctx) {
        if (ownsHalfClosure) {
            HalfClosure.endAtEof(ctx.channel());
        }
        if (watch != null) {
            watch.stop();
            ctx.channel().close(); // the peer's FIN is over: nothing else would end the channel
        }
    }
}
