package dev.lastbyte.it.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** HTTP/2 with Netty's own client: with prior knowledge, or over TLS with ALPN. Thread-safe. */
final class Http2Wire implements Wire, AutoCloseable {
    private static final int CONNECT_MILLIS = 5000;
    private static final int ANSWER_SECONDS = 60;

    private final int port;
    private final boolean secure;
    private final SslContext tls;
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    Http2Wire(int port, boolean secure) throws IOException {
        this.port = port;
        this.secure = secure;
        tls = !secure
                ? null
                : SslContextBuilder.forClient()
                        .sslProvider(SslProvider.JDK)
                        .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                        .trustManager(InsecureTrustManagerFactory.INSTANCE)
                        .endpointIdentificationAlgorithm(null)
                        .applicationProtocolConfig(new ApplicationProtocolConfig(
                                ApplicationProtocolConfig.Protocol.ALPN,
                                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                                "h2"))
                        .build();
    }

    @Override
    public Connection open() throws IOException {
        CompletableFuture<Void> ready = new CompletableFuture<>();
        Watch watch = new Watch(ready);
        var connect = new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .option(io.netty.channel.ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (secure) {
                            channel.pipeline().addLast(tls.newHandler(channel.alloc(), "127.0.0.1", port));
                        }
                        channel.pipeline()
                                .addLast(
                                        Http2FrameCodecBuilder.forClient().build(),
                                        watch,
                                        new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));
                    }
                })
                .connect("127.0.0.1", port)
                .awaitUninterruptibly();
        if (!connect.isSuccess()) {
            if (connect.cause() instanceof ConnectException e) { // a connect that times out is one, too
                throw new RefusedException(e);
            }
            throw new IOException(connect.cause());
        }
        await(ready);
        return new Opened(connect.channel(), watch);
    }

    private static <T> T await(CompletableFuture<T> future) throws IOException {
        try {
            return future.get(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | TimeoutException e) {
            throw new IOException(e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        }
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    /** Sees the server's SETTINGS, GOAWAY and the end. Confined to the event loop, but for {@code over}. */
    private static final class Watch extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<Void> ready;
        private volatile boolean over;

        Watch(CompletableFuture<Void> ready) {
            this.ready = ready;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof Http2SettingsFrame) {
                ready.complete(null);
            } else if (message instanceof Http2GoAwayFrame) {
                over = true;
            }
            ctx.fireChannelRead(message);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            over = true;
            ready.completeExceptionally(new EOFException("closed before SETTINGS"));
            ctx.fireChannelInactive();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ready.completeExceptionally(cause);
            ctx.close();
        }
    }

    /** One connection. */
    private record Opened(Channel channel, Watch watch) implements Connection {
        @Override
        public Answer get(String path) throws IOException {
            CompletableFuture<Answer> answer = new CompletableFuture<>();
            var opened = new Http2StreamChannelBootstrap(channel)
                    .handler(new Exchange(answer))
                    .open()
                    .awaitUninterruptibly();
            if (!opened.isSuccess()) {
                throw new RepeatException("no stream was opened");
            }
            Http2StreamChannel stream = opened.getNow();
            var sent = stream.writeAndFlush(new DefaultHttp2HeadersFrame(
                            new DefaultHttp2Headers()
                                    .method("GET")
                                    .path(path)
                                    .scheme("https")
                                    .authority("test"),
                            true))
                    .awaitUninterruptibly();
            if (!sent.isSuccess()) {
                throw new RepeatException("the request was not sent");
            }
            return await(answer);
        }

        @Override
        public boolean isOver() {
            return watch.over;
        }

        @Override
        public void close() {
            channel.close();
        }
    }

    /** One stream. Confined to the event loop. */
    private static final class Exchange extends SimpleChannelInboundHandler<Http2StreamFrame> {
        private final CompletableFuture<Answer> answer;
        private final StringBuilder body = new StringBuilder();
        private int status;

        Exchange(CompletableFuture<Answer> answer) {
            this.answer = answer;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, Http2StreamFrame frame) {
            if (frame instanceof Http2HeadersFrame head) {
                status = Integer.parseInt(head.headers().status().toString());
                end(head.isEndStream());
            } else if (frame instanceof Http2DataFrame data) {
                body.append(data.content().toString(StandardCharsets.UTF_8));
                end(data.isEndStream());
            } else if (frame instanceof Http2ResetFrame reset) {
                answer.completeExceptionally(
                        reset.errorCode() == Http2Error.REFUSED_STREAM.code()
                                ? new RepeatException("REFUSED_STREAM")
                                : new IOException("RST_STREAM " + reset.errorCode()));
            }
        }

        private void end(boolean ended) {
            if (ended) {
                answer.complete(new Answer(status, body.toString()));
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof Http2GoAwayFrame) { // only to streams behind the last one that the server has taken
                answer.completeExceptionally(new RepeatException("GOAWAY"));
            } else if (event instanceof Http2ResetFrame reset) {
                channelRead0(ctx, reset);
            }
            ReferenceCountUtil.release(event);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            answer.completeExceptionally(new EOFException("closed without a whole answer"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            answer.completeExceptionally(cause);
        }
    }
}
