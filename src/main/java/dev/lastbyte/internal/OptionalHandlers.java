package dev.lastbyte.internal;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.SslClientHelloHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.traffic.AbstractTrafficShapingHandler;
import io.netty.handler.traffic.ChannelTrafficShapingHandler;
import io.netty.handler.traffic.GlobalChannelTrafficShapingHandler;
import io.netty.handler.traffic.GlobalTrafficShapingHandler;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What handlers of netty-handler, which need not be on the class path, know about a connection. The classes are named as
 * literals, not as strings: tools that shrink, relocate or compile ahead of time see them, and cannot switch the detection of
 * TLS off without a word. Stateless and thread-safe.
 */
public final class OptionalHandlers {
    /** {@code SslHandler}, or null where it is not on the class path. */
    public static final @Nullable Class<? extends ChannelHandler> TLS = ifPresent(() -> SslHandler.class);

    /** {@code SslClientHelloHandler}, or null where it is not on the class path. */
    public static final @Nullable Class<? extends ChannelHandler> CLIENT_HELLO =
            ifPresent(() -> SslClientHelloHandler.class);

    /** {@code AbstractTrafficShapingHandler}, or null where it is not on the class path. */
    public static final @Nullable Class<? extends ChannelHandler> SHAPER =
            ifPresent(() -> AbstractTrafficShapingHandler.class);

    private OptionalHandlers() {}

    /** Whether the channel speaks TLS and its handshake has not been done. */
    public static boolean isTlsHandshaking(Channel channel) {
        ChannelHandler tls = find(channel, TLS);
        return tls == null ? find(channel, CLIENT_HELLO) != null : Tls.isHandshaking(tls);
    }

    /** Whether a traffic shaper holds output of the channel; one that several channels share says it for all of them. */
    public static boolean isOutputShaped(Channel channel) {
        ChannelHandler shaper = find(channel, SHAPER);
        return shaper != null && Shaper.holdsOutput(shaper);
    }

    /** Whether the handler is of a class that may be missing. */
    public static boolean isA(ChannelHandler handler, @Nullable Class<? extends ChannelHandler> type) {
        return type != null && type.isInstance(handler);
    }

    /** The TLS handler nearest the application, or null. */
    public static @Nullable ChannelHandlerContext innermostTls(ChannelPipeline pipeline) {
        if (TLS == null || pipeline.context(TLS) == null) {
            return null;
        }
        ChannelHandler innermost = null;
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            innermost = TLS.isInstance(entry.getValue()) ? entry.getValue() : innermost;
        }
        return innermost == null ? null : pipeline.context(innermost);
    }

    private static @Nullable ChannelHandler find(Channel channel, @Nullable Class<? extends ChannelHandler> type) {
        return type == null ? null : channel.pipeline().get(type);
    }

    /** The handler's class, or null where its jar, or one that it needs, is not on the class path. */
    public static @Nullable Class<? extends ChannelHandler> ifPresent(
            Supplier<Class<? extends ChannelHandler>> literal) {
        try {
            return literal.get();
        } catch (LinkageError e) {
            return null;
        }
    }

    /** Loaded where there is such a handler. */
    private static final class Tls {
        static boolean isHandshaking(ChannelHandler handler) {
            return !((SslHandler) handler).handshakeFuture().isSuccess();
        }
    }

    /** Loaded where there is such a handler. */
    private static final class Shaper {
        static boolean holdsOutput(ChannelHandler handler) {
            AbstractTrafficShapingHandler shaper = (AbstractTrafficShapingHandler) handler;
            if (shaper instanceof ChannelTrafficShapingHandler one) {
                return one.queueSize() > 0;
            }
            if (shaper instanceof GlobalTrafficShapingHandler all) {
                return all.queuesSize() > 0;
            }
            return shaper instanceof GlobalChannelTrafficShapingHandler all && all.queuesSize() > 0;
        }
    }
}
