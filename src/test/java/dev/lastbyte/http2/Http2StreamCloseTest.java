package dev.lastbyte.http2;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** An HTTP/2 stream has no half-close and no outbound buffer of its own: it is flushed, then closed. */
@SuppressWarnings("deprecation") // NioEventLoopGroup, the only one that both Netty lines have
class Http2StreamCloseTest {
    private static final int BYTES = 1 << 20; // 16 times the initial flow-control window

    private final NioEventLoopGroup group = new NioEventLoopGroup(1);

    @AfterEach
    void stop() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void close_rightAfterTheWrites_losesNothing() throws Exception {
        CompletableFuture<CloseReport> report = new CompletableFuture<>();
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(http2(Http2FrameCodecBuilder.forServer(), new ChannelInitializer<Http2StreamChannel>() {
                    @Override
                    protected void initChannel(Http2StreamChannel stream) {
                        GracefulCloseConfig config = GracefulCloseConfig.builder()
                                .closeListener((channel, r) -> report.complete(r))
                                .build();
                        stream.pipeline().addFirst(new GracefulCloseHandler(config));
                        stream.pipeline().addLast(new AnswerAndClose());
                    }
                }))
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        Channel client = new Bootstrap()
                .group(group)
                .channel(NioSocketChannel.class)
                .handler(http2(Http2FrameCodecBuilder.forClient(), new ChannelInboundHandlerAdapter()))
                .connect(listener.localAddress())
                .sync()
                .channel();
        Counter counter = new Counter();
        Http2StreamChannel stream = new Http2StreamChannelBootstrap(client)
                .handler(counter)
                .open()
                .sync()
                .get();
        stream.writeAndFlush(new DefaultHttp2HeadersFrame(
                new DefaultHttp2Headers().method("GET").path("/"), true));

        CloseReport result = report.get(30, TimeUnit.SECONDS);
        assertEquals(CloseCause.HALF_CLOSE_UNSUPPORTED, result.cause(), result.toString());
        assertEquals(0, result.unsentBytes());
        assertEquals(BYTES, counter.ended.get(30, TimeUnit.SECONDS));
        client.close().sync();
        listener.close().sync();
    }

    private static ChannelInitializer<Channel> http2(
            Http2FrameCodecBuilder codec, io.netty.channel.ChannelHandler streams) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(codec.build(), new Http2MultiplexHandler(streams));
            }
        };
    }

    /** Answers a request with more than the window takes, and closes at once. */
    private static final class AnswerAndClose extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof Http2HeadersFrame) {
                ctx.write(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200")));
                ctx.write(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(new byte[BYTES]), true));
                ctx.channel().close();
            }
            ReferenceCountUtil.release(message);
        }
    }

    /** Counts the bytes of an answer until its stream ends. */
    private static final class Counter extends ChannelInboundHandlerAdapter {
        private final AtomicLong bytes = new AtomicLong();
        private final CompletableFuture<Integer> ended = new CompletableFuture<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof Http2DataFrame data) {
                bytes.addAndGet(data.content().readableBytes());
            }
            ReferenceCountUtil.release(message);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            ended.complete((int) bytes.get());
        }
    }
}
