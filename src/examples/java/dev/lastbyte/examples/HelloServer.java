package dev.lastbyte.examples;

import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.*;
import io.netty.channel.epoll.*;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.*;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

public final class HelloServer extends ChannelInitializer<SocketChannel> {
    @SuppressWarnings("deprecation") // these groups exist in Netty 4.1 and 4.2
    public static void main(String[] args) throws Exception {
        boolean epoll = Epoll.isAvailable();
        GracefulCloseManager manager = GracefulCloseManager.create();
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(epoll ? new EpollEventLoopGroup() : new NioEventLoopGroup())
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .childHandler(manager.childHandler(new HelloServer())); // every close() is graceful
        Channel listener = bootstrap
                .bind(args.length == 0 ? 8080 : Integer.parseInt(args[0]))
                .sync()
                .channel();
        manager.manage(listener);
        manager.installShutdownHook(Duration.ofSeconds(25)); // SIGTERM drains
        System.out.println("listening on " + listener.localAddress());
    }

    @Override
    protected void initChannel(SocketChannel ch) {
        ch.pipeline()
                .addLast(new HttpServerCodec(), new HttpFarewellHandler()) // "Connection: close" in a drain
                .addLast(new HttpServerKeepAliveHandler(), new HttpObjectAggregator(65536), new Hello());
    }

    private static final class Hello extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
            FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
            response.content().writeBytes("hello\n".getBytes(StandardCharsets.US_ASCII));
            HttpUtil.setContentLength(response, response.content().readableBytes());
            ctx.writeAndFlush(response);
        }
    }
}
