package consumer;

import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** Refuses every upload with a long 413 before it has read it. */
final class Server implements AutoCloseable {
    static final int ANSWER = 1 << 20;

    private final EventLoopGroup group = new EpollEventLoopGroup(1);
    private final GracefulCloseManager manager = GracefulCloseManager.create();
    private final Channel listener;

    Server() throws InterruptedException {
        listener = new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(manager.childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        ch.pipeline().addLast(new HttpServerCodec(), new HttpFarewellHandler(), new TooLarge());
                    }
                }))
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        manager.manage(listener);
    }

    int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    DrainReport drain() throws Exception {
        return manager.drain().get(60, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS);
    }

    private static final class TooLarge extends SimpleChannelInboundHandler<HttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, HttpRequest request) {
            DefaultFullHttpResponse answer = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1,
                    HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
                    Unpooled.wrappedBuffer(new byte[ANSWER]));
            answer.headers().set(HttpHeaderNames.CONTENT_LENGTH, ANSWER).set(HttpHeaderNames.CONNECTION, "close");
            ctx.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
        }
    }
}
