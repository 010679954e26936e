package dev.lastbyte.testing;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/2 server's handlers with either of Netty's two ways. {@code /bytes/millis} answers so many bytes when the request is whole
 * and so many milliseconds have passed, whatever the query; another path is never answered. Immutable.
 */
public enum Http2Answers {
    /** A channel for each stream. */
    MULTIPLEX {
        @Override
        public Http2ConnectionHandler newCodec(Runnable onRequest) {
            return Http2FrameCodecBuilder.forServer().build();
        }

        @Override
        public List<ChannelHandler> newHandlers(Runnable onRequest) {
            return List.of(new Http2MultiplexHandler(new ChannelInitializer<Http2StreamChannel>() {
                @Override
                protected void initChannel(Http2StreamChannel stream) {
                    stream.pipeline().addLast(new OnStream(onRequest));
                }
            }));
        }
    },
    /** A listener for the frames of all streams. */
    CONNECTION_HANDLER {
        @Override
        public Http2ConnectionHandler newCodec(Runnable onRequest) {
            OnConnection listener = new OnConnection(onRequest);
            Http2ConnectionHandler codec = new Http2ConnectionHandlerBuilder()
                    .server(true)
                    .frameListener(listener)
                    .build();
            listener.codec = codec;
            return codec;
        }

        @Override
        public List<ChannelHandler> newHandlers(Runnable onRequest) {
            return List.of();
        }
    };

    /** The connection handler of one connection, which calls {@code onRequest} with each request that it will answer. */
    public abstract Http2ConnectionHandler newCodec(Runnable onRequest);

    /** What stands behind it. */
    public abstract List<ChannelHandler> newHandlers(Runnable onRequest);

    public Http2ConnectionHandler newCodec() {
        return newCodec(() -> {});
    }

    public List<ChannelHandler> newHandlers() {
        return newHandlers(() -> {});
    }

    /** For the end of the pipeline: a peer that leaves with something unread resets its connection. */
    public static ChannelHandler newResetSink() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                if (!(cause instanceof IOException)) {
                    ctx.fireExceptionCaught(cause);
                }
            }
        };
    }

    private record Wanted(int bytes, int millis) {
        static @Nullable Wanted parse(CharSequence path) {
            String[] words = path.toString().split("[/?]");
            return words.length >= 3 && words[1].matches("\\d+")
                    ? new Wanted(Integer.parseInt(words[1]), Integer.parseInt(words[2]))
                    : null;
        }
    }

    private static final class OnStream extends ChannelInboundHandlerAdapter {
        private final Runnable onRequest;
        private @Nullable Wanted wanted;

        OnStream(Runnable onRequest) {
            this.onRequest = onRequest;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof Http2HeadersFrame head) {
                wanted = Wanted.parse(head.headers().path());
            }
            boolean whole = message instanceof Http2HeadersFrame head && head.isEndStream()
                    || message instanceof Http2DataFrame data && data.isEndStream();
            ReferenceCountUtil.release(message);
            if (whole && wanted != null) {
                onRequest.run();
                ctx.executor().schedule(() -> answer(ctx, wanted.bytes()), wanted.millis(), TimeUnit.MILLISECONDS);
            }
        }

        private void answer(ChannelHandlerContext ctx, int bytes) {
            ctx.write(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200")));
            ByteBuf body = BytePattern.slice(ctx.alloc(), 0, bytes);
            ctx.writeAndFlush(new DefaultHttp2DataFrame(body, true));
        }
    }

    private static final class OnConnection extends Http2FrameAdapter {
        private final Map<Integer, Wanted> asked = new HashMap<>();
        private final Runnable onRequest;
        private Http2ConnectionHandler codec;

        OnConnection(Runnable onRequest) {
            this.onRequest = onRequest;
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext ctx,
                int stream,
                Http2Headers headers,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean end) {
            Wanted wanted = Wanted.parse(headers.path());
            if (wanted != null) {
                asked.put(stream, wanted);
            }
            answerIf(end, ctx, stream);
        }

        @Override
        public int onDataRead(ChannelHandlerContext ctx, int stream, ByteBuf data, int padding, boolean end)
                throws Http2Exception {
            int consumed = super.onDataRead(ctx, stream, data, padding, end);
            answerIf(end, ctx, stream);
            return consumed;
        }

        private void answerIf(boolean whole, ChannelHandlerContext ctx, int stream) {
            Wanted wanted = whole ? asked.remove(stream) : null;
            if (wanted != null) {
                onRequest.run();
                ctx.executor()
                        .schedule(() -> answer(ctx, stream, wanted.bytes()), wanted.millis(), TimeUnit.MILLISECONDS);
            }
        }

        private void answer(ChannelHandlerContext ctx, int stream, int bytes) {
            Http2Headers head = new DefaultHttp2Headers().status("200");
            codec.encoder().writeHeaders(ctx, stream, head, 0, false, ctx.newPromise());
            ByteBuf body = BytePattern.slice(ctx.alloc(), 0, bytes);
            codec.encoder().writeData(ctx, stream, body, 0, true, ctx.newPromise());
            codec.flush(ctx);
        }
    }
}
