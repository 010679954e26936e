package dev.lastbyte;

import dev.lastbyte.internal.OptionalHandlers;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a {@link GracefulCloseHandler} may stand: on a connection, on its event loop, and nearer to the transport
 * than TLS, whose close_notify must have been written when {@code close()} arrives. TLS handlers are told by name, so that
 * netty-handler need not be on the class path. Stateless.
 */
final class Placement {
    private static final String TLS_PACKAGE = "io.netty.handler.ssl.";

    /** The packages of Netty 4.2 and, for 4.1, of the incubator. */
    private static final List<String> QUIC_PACKAGES =
            List.of("io.netty.handler.codec.quic.", "io.netty.incubator.codec.quic.");

    private static final ClassValue<Boolean> IS_QUIC = new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
            boolean named = QUIC_PACKAGES.stream()
                    .anyMatch(prefix -> type.getName().equals(prefix + "QuicStreamChannel")
                            || type.getName().equals(prefix + "QuicChannel"));
            Class<?> parent = type.getSuperclass();
            return named
                    || (parent != null && computeValue(parent))
                    || Arrays.stream(type.getInterfaces()).anyMatch(this::computeValue);
        }
    };

    private Placement() {}

    /**
     * Refuses a wrong place.
     *
     * @throws IllegalStateException with what is wrong and what to do
     */
    static void check(ChannelHandlerContext ctx) {
        Channel channel = ctx.channel();
        if (channel instanceof ServerChannel) {
            throw new IllegalStateException("GracefulCloseHandler is in the pipeline of the listener " + channel
                    + ": it closes connections, so add it in the child handler");
        }
        if (channel instanceof DatagramChannel) {
            throw new IllegalStateException("GracefulCloseHandler is in the pipeline of " + channel
                    + ", which has no connection to close: add it to stream channels only");
        }
        if (IS_QUIC.get(channel.getClass())) {
            throw new IllegalStateException("GracefulCloseHandler was added to the QUIC channel " + channel
                    + ": QUIC delivers what a stream was given as long as its connection lives, so end a stream with"
                    + " shutdownOutput() in the listener of its last write, and close the connection when its streams"
                    + " have ended");
        }
        if (ctx.executor() != channel.eventLoop()) {
            throw new IllegalStateException("GracefulCloseHandler was added to " + channel
                    + " with an executor of its own: add it without one, it must run on the channel's event loop");
        }
    }

    /**
     * Refuses a place behind TLS, for a handler that nobody but the user has placed.
     *
     * @throws IllegalStateException with what is wrong and what to do
     */
    static void checkTls(ChannelHandlerContext ctx) {
        ChannelHandlerContext tls = tlsNearerTransport(ctx);
        if (tls != null) {
            throw new IllegalStateException("GracefulCloseHandler was added to " + ctx.channel() + " behind "
                    + tls.handler().getClass().getSimpleName() + " '" + tls.name()
                    + "': add it first, nearest the transport (pipeline.addFirst), or close_notify is lost");
        }
    }

    /** The handler of our kind that is in a pipeline beside the given one, or null. */
    static @Nullable GracefulCloseHandler otherThan(GracefulCloseHandler known, ChannelPipeline pipeline) {
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            if (entry.getValue() instanceof GracefulCloseHandler other && other != known) {
                return other;
            }
        }
        return null;
    }

    /** Refuses a second handler. */
    static IllegalStateException second(ChannelHandlerContext ctx, GracefulCloseHandler other) {
        return new IllegalStateException("GracefulCloseHandler is in the pipeline of " + ctx.channel()
                + " already, as '" + ctx.pipeline().context(other).name() + "': add it once");
    }

    /** Whether no handler of the user's stands nearer to the transport: none that could have closed the channel. */
    static boolean isFirst(ChannelHandlerContext ctx) {
        ChannelHandlerContext first = ctx.pipeline().firstContext();
        if (first == null || first == ctx) {
            return true;
        }
        return first.handler() instanceof EpollHalfOpenFlush
                && ctx.pipeline().names().indexOf(ctx.name()) == 1;
    }

    /**
     * What stands in front of the handler and must be passed; the nearest to the transport comes first. Empty if it stands where it
     * should. A traffic shaper that sees what the socket gets keeps its place: what it holds back is output that a close waits for, which
     * it would not be behind our handler.
     */
    static List<ChannelHandlerContext> overtakers(ChannelHandlerContext ctx) {
        if (isFirst(ctx)) {
            return List.of();
        }
        List<ChannelHandlerContext> inFront = new ArrayList<>();
        boolean behindTls = false;
        for (String name : ctx.pipeline().names()) {
            ChannelHandlerContext next = ctx.pipeline().context(name);
            if (next == ctx) {
                return inFront;
            }
            if (next == null) {
                continue;
            }
            behindTls |= isTls(next.handler());
            if (!behindTls
                    && (next.handler() instanceof EpollHalfOpenFlush
                            || OptionalHandlers.isA(next.handler(), OptionalHandlers.SHAPER))) {
                inFront.clear();
            } else {
                inFront.add(next);
            }
        }
        return List.of(); // another thread has removed it
    }

    /** Who they are, for a log. */
    static List<String> names(List<ChannelHandlerContext> handlers) {
        return handlers.stream()
                .map(ctx -> "'" + ctx.name() + "' (" + ctx.handler().getClass().getName() + ")")
                .toList();
    }

    /** Whether an event says that a TLS handshake is over, well or not. */
    static boolean isTlsHandshakeEnd(Object event) {
        return event.getClass().getName().equals(TLS_PACKAGE + "SslHandshakeCompletionEvent");
    }

    /** The TLS handler between the transport and the given handler, or null. */
    static @Nullable ChannelHandlerContext tlsNearerTransport(ChannelHandlerContext ctx) {
        if (ctx.pipeline().firstContext() == ctx) {
            return null; // as it should be, and nothing is searched at each close
        }
        for (String name : ctx.pipeline().names()) {
            ChannelHandlerContext candidate = ctx.pipeline().context(name);
            if (candidate == ctx) {
                return null;
            }
            if (candidate != null && isTls(candidate.handler())) {
                return candidate;
            }
        }
        return null;
    }

    /**
     * The nearest handler between the given one and the application that speaks TLS, or waits for a ClientHello to know how;
     * null if there is none. One that has yet to find out whether the peer speaks TLS at all is none.
     */
    static @Nullable ChannelHandlerContext tlsBehind(ChannelHandlerContext ctx) {
        if (!isIn(ctx, OptionalHandlers.TLS) && !isIn(ctx, OptionalHandlers.CLIENT_HELLO)) {
            return null;
        }
        boolean behind = false;
        for (String name : ctx.pipeline().names()) {
            ChannelHandlerContext candidate = ctx.pipeline().context(name);
            if (behind
                    && candidate != null
                    && (isSslHandler(candidate.handler())
                            || OptionalHandlers.isA(candidate.handler(), OptionalHandlers.CLIENT_HELLO))) {
                return candidate;
            }
            behind |= candidate == ctx;
        }
        return null;
    }

    /** Whether the handler may be cast to {@code SslHandler}, which then is on the class path. */
    static boolean isSslHandler(ChannelHandler handler) {
        return OptionalHandlers.isA(handler, OptionalHandlers.TLS);
    }

    private static boolean isIn(ChannelHandlerContext ctx, @Nullable Class<? extends ChannelHandler> type) {
        return type != null && ctx.pipeline().context(type) != null;
    }

    private static boolean isTls(ChannelHandler handler) {
        for (Class<?> c = handler.getClass(); c != null; c = c.getSuperclass()) {
            if (c.getName().startsWith(TLS_PACKAGE)) {
                return true;
            }
        }
        return false;
    }
}
