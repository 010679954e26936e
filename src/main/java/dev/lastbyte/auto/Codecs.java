package dev.lastbyte.auto;

import dev.lastbyte.internal.OptionalHandlers;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandler;
import io.netty.channel.ChannelOutboundHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.HttpObjectDecoder;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketFrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketFrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Where the codecs stand in a pipeline. Each nested class needs one of Netty's optional jars and is loaded where that jar is on the class
 * path. Stateless and thread-safe.
 */
final class Codecs {
    static final boolean HAS_HTTP = OptionalHandlers.ifPresent(() -> HttpServerCodec.class) != null;
    static final boolean HAS_HTTP2 = OptionalHandlers.ifPresent(() -> Http2ConnectionHandler.class) != null;

    private Codecs() {}

    /** The last such handler, or null. */
    private static @Nullable ChannelHandlerContext last(ChannelPipeline pipeline, Predicate<ChannelHandler> which) {
        ChannelHandler last = null;
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            last = which.test(entry.getValue()) ? entry.getValue() : last;
        }
        return last == null ? null : pipeline.context(last);
    }

    /** The codec of HTTP/1.1, and that of WebSocket, which is in the same jar. */
    static final class Http {
        private static final String CODEC = "HttpServerCodec";

        /** The copies of Netty's codec that bear its name, which some frameworks have. */
        private static final ClassValue<Boolean> IS_COPY = new ClassValue<>() {
            @Override
            protected Boolean computeValue(Class<?> type) {
                Class<?> parent = type.getSuperclass();
                return type.getSimpleName().equals(CODEC) || (parent != null && computeValue(parent));
            }
        };

        private Http() {}

        /** The codec, or the second one of decoder and encoder; null while both are not there. */
        static @Nullable ChannelHandlerContext find(ChannelPipeline pipeline) {
            boolean decodes = false;
            boolean encodes = false;
            for (Map.Entry<String, ChannelHandler> entry : pipeline) {
                ChannelHandler handler = entry.getValue();
                boolean both = handler instanceof HttpServerCodec || isCopy(handler);
                decodes |= both || handler instanceof HttpRequestDecoder;
                encodes |= both || handler instanceof HttpResponseEncoder;
                if (decodes && encodes) {
                    return pipeline.context(handler);
                }
            }
            return null;
        }

        private static boolean isCopy(ChannelHandler handler) {
            return handler instanceof ChannelInboundHandler
                    && handler instanceof ChannelOutboundHandler
                    && IS_COPY.get(handler.getClass());
        }

        /** Whether a decoder in front of the codec may still take its place, as one does that looks at the first bytes. */
        static boolean mayBeReplaced(ChannelHandlerContext codec) {
            for (Map.Entry<String, ChannelHandler> entry : codec.pipeline()) {
                ChannelHandler handler = entry.getValue();
                if (handler == codec.handler()) {
                    return false;
                }
                if (handler instanceof ByteToMessageDecoder
                        && !(handler instanceof HttpObjectDecoder)
                        && !OptionalHandlers.isA(handler, OptionalHandlers.TLS)) {
                    return true;
                }
            }
            return false;
        }

        /** The last handler of a WebSocket's codec, that of HTTP included while it is there; null before the handshake. */
        static @Nullable ChannelHandlerContext findWebSocket(ChannelPipeline pipeline) {
            return pipeline.context(WebSocketFrameEncoder.class) == null
                    ? null
                    : last(
                            pipeline,
                            handler -> handler instanceof WebSocketFrameEncoder
                                    || handler instanceof WebSocketFrameDecoder
                                    || handler instanceof WebSocketServerProtocolHandler
                                    || handler instanceof HttpServerCodec
                                    || handler instanceof HttpRequestDecoder
                                    || handler instanceof HttpResponseEncoder);
        }
    }

    /** The codec of HTTP/2. */
    static final class Http2 {
        private Http2() {}

        static @Nullable ChannelHandlerContext find(ChannelPipeline pipeline) {
            return pipeline.context(Http2ConnectionHandler.class);
        }
    }
}
