package dev.lastbyte.auto;

import dev.lastbyte.ConnectionEvents;
import dev.lastbyte.FarewellSource;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.http.HttpFarewellHandler;
import dev.lastbyte.http2.Http2FarewellHandler;
import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.OptionalHandlers;
import dev.lastbyte.websocket.WebSocketFarewellHandler;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The search for the codec of one connection, until its farewell stands behind it.
 *
 * <p>Where the codec is there from the start, one look ends the search. Else a {@link Watch} stands where the plain bytes pass: right behind
 * the {@code GracefulCloseHandler}, or behind TLS as soon as there is TLS. So it hears of the end of the handshake before the first plain
 * byte comes, and a codec that ALPN has chosen has its farewell before the first request. A handler that chooses the codec by the first
 * bytes gives it these bytes in the same call: then the first request, and maybe its response, has passed the codec before the farewell
 * stands there. What went up and what came out is read on the way, so that the farewell knows.
 *
 * <p>HTTP/1.1 may become another protocol. Where nothing in front of its codec can choose another one, the search ends, and goes on when the
 * farewell sees the response that ends HTTP.
 *
 * <p>Confined to the channel's event loop.
 */
final class CodecSearch {
    /** How many reads a protocol may take to be found. */
    static final int MOST_READS = 16;

    private final Farewells choice;
    private final Channel channel;
    private final ListenerNews news;
    private @Nullable Watch watch;
    private @Nullable HttpFarewellHandler http; // ours, while it is there and may have to go
    private @Nullable RequestHead request;
    private @Nullable FirstResponse response;
    private int reads;
    private boolean answered;
    private boolean known;
    private boolean httpOver;

    CodecSearch(Farewells choice, Channel channel, ListenerNews news) {
        this.choice = choice;
        this.channel = channel;
        this.news = news;
    }

    /** Whether any codec is on the class path. */
    static boolean isPossible() {
        return Codecs.HAS_HTTP || Codecs.HAS_HTTP2;
    }

    // ---- a look ----------------------------------------------------------------------------------------------------

    /** Looks at the pipeline, and then waits on, in the right place, or leaves. */
    void look() {
        Watch place = search() ? null : placed();
        Watch before = watch;
        watch = place;
        if (before != place && before != null && channel.pipeline().context(before) != null) {
            channel.pipeline().remove(before);
        }
        if (place == null) {
            forget();
        }
    }

    /** Returns whether the search is over. */
    private boolean search() {
        ChannelPipeline pipeline = channel.pipeline();
        if (GracefulCloseHandler.isClosing(channel) || pipeline.get(GracefulCloseHandler.class) == null) {
            return true;
        }
        ChannelHandlerContext codec = Codecs.HAS_HTTP2 ? Codecs.Http2.find(pipeline) : null;
        if (codec != null) {
            return end("HTTP/2", codec, Http2FarewellHandler.class, choice.http2());
        }
        codec = Codecs.HAS_HTTP ? Codecs.Http.findWebSocket(pipeline) : null;
        if (codec != null) {
            return end("WebSocket", codec, WebSocketFarewellHandler.class, choice.webSocket());
        }
        codec = Codecs.HAS_HTTP && !httpOver ? Codecs.Http.find(pipeline) : null;
        if (codec != null) {
            return foundHttp(codec);
        }
        removeHttp();
        if (!known && FarewellSource.of(channel) != null) {
            return true; // the application's own
        }
        return reads >= MOST_READS;
    }

    /** A protocol that never becomes another one. */
    private boolean end(
            String protocol,
            ChannelHandlerContext codec,
            Class<? extends ChannelHandler> type,
            @Nullable Supplier<ChannelHandler> farewell) {
        removeHttp();
        if (farewell != null && channel.pipeline().context(type) == null) {
            channel.pipeline().addAfter(codec.name(), null, farewell.get());
            news.found(protocol, isTls());
        }
        return true;
    }

    private boolean foundHttp(ChannelHandlerContext codec) {
        ChannelPipeline pipeline = channel.pipeline();
        known = true;
        HttpFarewellConfig config = choice.http();
        if (config == null) {
            return reads >= MOST_READS;
        }
        if (http == null) {
            if (pipeline.context(HttpFarewellHandler.class) != null) {
                return true; // the application's own
            }
            HttpFarewellHandler added = HttpFarewellHandler.late(config, missed(), this::onHttpEnd);
            pipeline.addAfter(codec.name(), null, added);
            http = added;
        }
        if (Codecs.Http.mayBeReplaced(codec)) {
            return false;
        }
        news.found("HTTP/1.1", isTls());
        return true;
    }

    private HttpFarewellHandler.Missed missed() {
        if (request == null || !request.isComplete() || (response != null && response.isComplete())) {
            return HttpFarewellHandler.Missed.NOTHING;
        }
        return response != null && response.isBegun()
                ? HttpFarewellHandler.Missed.REQUEST_AND_HEAD
                : HttpFarewellHandler.Missed.REQUEST;
    }

    /** A codec of HTTP has gone, without a response that ended HTTP: another one is chosen. */
    private void removeHttp() {
        HttpFarewellHandler ours = http;
        http = null;
        if (ours != null && channel.pipeline().context(ours) != null) {
            channel.pipeline().remove(ours);
        }
    }

    /** HTTP has ended, or has not begun. The codec that follows is there now, or when the handler that changes it has done. */
    private void onHttpEnd() {
        http = null;
        httpOver = true;
        reads = 0;
        look();
        if (watch != null) {
            lookLater();
        }
    }

    private void lookLater() {
        EventLoops.execute(channel.eventLoop(), this::look);
    }

    private boolean isTls() {
        return OptionalHandlers.innermostTls(channel.pipeline()) != null;
    }

    // ---- the watch -------------------------------------------------------------------------------------------------

    /** The watch where the plain bytes pass: that which is there, or a new one. */
    private Watch placed() {
        ChannelPipeline pipeline = channel.pipeline();
        ChannelHandlerContext tls = OptionalHandlers.innermostTls(pipeline);
        Watch known = watch;
        if (known != null && pipeline.context(known) != null && (tls == null || isInFront(tls, known))) {
            return known;
        }
        forget(); // what passed was not plain
        Watch fresh = new Watch();
        ChannelHandlerContext front = pipeline.context(GracefulCloseHandler.class);
        pipeline.addAfter((tls != null && isInFront(front, tls.handler()) ? tls : front).name(), null, fresh);
        return fresh;
    }

    private static boolean isInFront(ChannelHandlerContext one, ChannelHandler other) {
        List<String> names = one.pipeline().names();
        return names.indexOf(one.name())
                < names.indexOf(one.pipeline().context(other).name());
    }

    private void forget() {
        request = null;
        if (response != null) {
            response.release();
            response = null;
        }
        reads = 0;
        answered = false;
    }

    /** Something is passed up. */
    private void reading(Object message) {
        reads++;
        if (Codecs.HAS_HTTP && !known && message instanceof ByteBuf bytes) {
            RequestHead seen = request == null ? new RequestHead() : request;
            request = seen;
            seen.see(bytes);
        }
    }

    /** Something is written: by a codec whose farewell is not there yet, or by a protocol that is not known. */
    private void writing(Object message, boolean inRead) {
        if (http != null || httpOver || known) {
            return;
        }
        if (Codecs.HAS_HTTP && Codecs.Http.find(channel.pipeline()) != null) {
            RequestHead seen = request;
            FirstResponse first = response == null ? new FirstResponse(seen != null && seen.isHead()) : response;
            response = first;
            first.see(message);
            if (!inRead) {
                lookLater();
            }
        } else {
            request = null; // what went up has been answered
            answered = true;
        }
    }

    private void warnIfUnknown(boolean enough) {
        if (enough && !known && watch != null) {
            news.unknown(channel);
        }
    }

    /** Stands where the plain bytes pass while the codec is not known, and passes everything as it is. */
    final class Watch extends ChannelDuplexHandler {
        private boolean inRead;

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            GracefulCloseHandler.listen(ctx, new ConnectionEvents() {
                @Override
                public void drain(ChannelHandlerContext ctx, Drain drain) {
                    lookFrom(ctx);
                }
            });
        }

        private void lookFrom(ChannelHandlerContext ctx) {
            if (!ctx.isRemoved()) {
                look();
            }
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.fireChannelActive();
            lookFrom(ctx);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            ctx.fireUserEventTriggered(event);
            lookFrom(ctx);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            look();
            if (ctx.isRemoved()) {
                ctx.fireChannelRead(message);
                return;
            }
            warnIfUnknown(answered || reads == MOST_READS - 1);
            reading(message);
            inRead = true;
            ctx.fireChannelRead(message);
            inRead = false;
            lookFrom(ctx);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.fireChannelReadComplete();
            lookFrom(ctx);
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            writing(message, inRead);
            ctx.write(message, promise);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            warnIfUnknown(answered && reads > 0);
            forget();
            ctx.fireChannelInactive();
        }
    }
}
