package dev.lastbyte.auto;

import dev.lastbyte.drain.FarewellInstaller;
import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.http2.Http2FarewellHandler;
import dev.lastbyte.websocket.WebSocketFarewellConfig;
import dev.lastbyte.websocket.WebSocketFarewellHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ServerChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Puts the farewell of HTTP/1.1, HTTP/2 or WebSocket behind the codec of each accepted connection, when the codec appears:
 *
 * <pre>{@code
 * GracefulCloseManager manager = GracefulCloseManager.builder().farewells(Farewells.auto()).build();
 * }</pre>
 *
 * <p>It finds {@code HttpServerCodec}, a decoder with an encoder, copies of {@code HttpServerCodec} that have its name, {@code
 * Http2ConnectionHandler} and its subclasses, and Netty's WebSocket frame codec: in clear text and behind TLS, chosen by ALPN, by prior
 * knowledge, by an upgrade, or by a handler that looks at the first bytes. While a connection's protocol is not known, a handler right
 * behind the {@code GracefulCloseHandler}, or behind TLS, looks at the pipeline before and after each read. It passes every message as it
 * is. When the protocol is known it leaves the pipeline, so that an open connection pays for the farewell only.
 *
 * <p>A request that reached the application before its farewell was there counts as an exchange until its response is complete. A farewell
 * that the application has added by itself stays, and no second one is added. Connections that this side has opened are left alone.
 *
 * <p>Each listener logs one INFO line for each protocol that was found there. The first connection of a listener that is answered, or goes on
 * for 16 reads, in a protocol that is not found is one WARN.
 *
 * <p>A protocol whose Netty codec is not on the class path is not looked for. Immutable and thread-safe.
 */
public final class Farewells implements FarewellInstaller {
    private static final Farewells AUTO = builder()
            .http(HttpFarewellConfig.defaults())
            .http2()
            .webSocket(WebSocketFarewellConfig.defaults())
            .build();

    private final @Nullable HttpFarewellConfig http;
    private final @Nullable Supplier<ChannelHandler> http2;
    private final @Nullable Supplier<ChannelHandler> webSocket;

    private Farewells(Builder builder) {
        http = builder.http;
        http2 = builder.http2;
        webSocket = builder.webSocket;
    }

    /** The farewells of all three protocols, with their defaults. */
    public static Farewells auto() {
        return AUTO;
    }

    /** A builder that starts with no protocol. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts with these farewells, such as {@code auto().toBuilder()}. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.http = http;
        builder.http2 = http2;
        builder.webSocket = webSocket;
        return builder;
    }

    /** Looks for the codec of an accepted connection, and waits for it if it is not there. */
    @Override
    public void install(ChannelHandlerContext closer) {
        if (closer.channel().parent() instanceof ServerChannel listener && CodecSearch.isPossible()) {
            new CodecSearch(this, closer.channel(), ListenerNews.of(listener)).look();
        }
    }

    @Nullable
    HttpFarewellConfig http() {
        return http;
    }

    @Nullable
    Supplier<ChannelHandler> http2() {
        return http2;
    }

    @Nullable
    Supplier<ChannelHandler> webSocket() {
        return webSocket;
    }

    @Override
    public String toString() {
        return "Farewells{http=" + (http == null ? "none" : http) + ", http2=" + (http2 == null ? "none" : "added")
                + ", webSocket=" + (webSocket == null ? "none" : "added") + "}";
    }

    /**
     * Collects the protocols of {@link Farewells}: those that are named get their farewell, the others are left alone. Each setter throws
     * {@link NullPointerException} with the parameter's name. Not thread-safe.
     */
    public static final class Builder {
        private @Nullable HttpFarewellConfig http;
        private @Nullable Supplier<ChannelHandler> http2;
        private @Nullable Supplier<ChannelHandler> webSocket;

        private Builder() {}

        /** HTTP/1.1, see {@link dev.lastbyte.http.HttpFarewellHandler}. */
        public Builder http(HttpFarewellConfig http) {
            this.http = Objects.requireNonNull(http, "http");
            return this;
        }

        /** HTTP/2 with the defaults of {@link Http2FarewellHandler}. */
        public Builder http2() {
            http2 = Http2FarewellHandler::new;
            return this;
        }

        /**
         * HTTP/2, see {@link Http2FarewellHandler#Http2FarewellHandler(Duration, Duration)}.
         *
         * @throws IllegalArgumentException if an argument is out of the range of that constructor
         */
        public Builder http2(Duration pingTimeout, Duration limit) {
            new Http2FarewellHandler(pingTimeout, limit); // checks both, now
            http2 = () -> new Http2FarewellHandler(pingTimeout, limit);
            return this;
        }

        /** WebSocket, see {@link WebSocketFarewellHandler}. */
        public Builder webSocket(WebSocketFarewellConfig webSocket) {
            Objects.requireNonNull(webSocket, "webSocket");
            this.webSocket = () -> new WebSocketFarewellHandler(webSocket);
            return this;
        }

        /**
         * The farewells.
         *
         * @throws IllegalStateException if no protocol was named
         */
        public Farewells build() {
            if (http == null && http2 == null && webSocket == null) {
                throw new IllegalStateException(
                        "no protocol was named (expected: http, http2 or webSocket, or Farewells.auto())");
            }
            return new Farewells(this);
        }
    }
}
