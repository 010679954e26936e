package dev.lastbyte;

import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.OptionalHandlers;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Where a {@link GracefulCloseHandler} may stand: on a connection, on its event loop, and nearer to the transport
 * than TLS, whose close_notify must have been written when {@code close()} arrives. TLS handlers are told by name, so that
 * netty-handler need not be on the class path. Stateless.
 */
final class Placement {
    private static final Logger LOG = Loggers.of(Placement.class);
    private static final String TLS_PACKAGE = "io.netty.handler.ssl.";
    private static final String SSL_HANDLER = TLS_PACKAGE + "SslHandler";
    private static final String CLIENT_HELLO_HANDLER = TLS_PACKAGE + "SslClientHelloHandler";
    private static final @Nullable Class<? extends ChannelHandler> SSL = OptionalHandlers.TLS;
    private static final @Nullable Class<? extends ChannelHandler> CLIENT_HELLO = OptionalHandlers.CLIENT_HELLO;

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
        ChannelHandlerContext tls = tlsNearerTransport(ctx);
        if (tls != null) {
            throw new IllegalStateException("GracefulCloseHandler was added to " + channel + " behind "
                    + tls.handler().getClass().getSimpleName() + " '" + tls.name()
                    + "': add it first, nearest the transport (pipeline.addFirst), or close_notify is lost");
        }
    }

    /** The handler of our kind that is in a pipeline beside the given one, or null. */
    static @Nullable GracefulCloseHandler otherThan(GracefulCloseHandler known, ChannelPipeline pipeline) {
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            if (entry.getValue() instanceof GracefulCloseHandler other && other != known && !other.isBypassed()) {
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
     * Whether TLS was put in front of the handler after it was added, as STARTTLS does. The close that shows it must not
     * overtake close_notify: it is then left to a second handler, first in the pipeline.
     */
    static boolean isOvertakenByTls(ChannelHandlerContext ctx) {
        ChannelHandlerContext tls = tlsNearerTransport(ctx);
        if (tls == null) {
            return false;
        }
        LOG.warn(
                "{} '{}' was added in front of the GracefulCloseHandler '{}'; this close uses a second one, first in the"
                        + " pipeline. Add TLS behind it: pipeline.addAfter(\"{}\", ...)",
                ctx.channel(),
                tls.name(),
                ctx.name(),
                ctx.name());
        return true;
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
            if (candidate != null && descends(candidate.handler(), type -> type.startsWith(TLS_PACKAGE))) {
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
        if (!isIn(ctx, SSL) && !isIn(ctx, CLIENT_HELLO)) {
            return null;
        }
        boolean behind = false;
        for (String name : ctx.pipeline().names()) {
            ChannelHandlerContext candidate = ctx.pipeline().context(name);
            if (behind
                    && candidate != null
                    && (isSslHandler(candidate.handler()) || isA(candidate.handler(), CLIENT_HELLO_HANDLER))) {
                return candidate;
            }
            behind |= candidate == ctx;
        }
        return null;
    }

    /** Whether the handler may be cast to {@code SslHandler}, which then is on the class path. */
    static boolean isSslHandler(ChannelHandler handler) {
        return isA(handler, SSL_HANDLER);
    }

    private static boolean isIn(ChannelHandlerContext ctx, @Nullable Class<? extends ChannelHandler> type) {
        return type != null && ctx.pipeline().context(type) != null;
    }

    private static boolean isA(ChannelHandler handler, String className) {
        return descends(handler, name -> name.equals(className));
    }

    private static boolean descends(ChannelHandler handler, Predicate<String> className) {
        for (Class<?> c = handler.getClass(); c != null; c = c.getSuperclass()) {
            if (className.test(c.getName())) {
                return true;
            }
        }
        return false;
    }
}
