package dev.lastbyte.auto;

import dev.lastbyte.drain.DrainEvent;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.GracefulCloseManager;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** A server in a process of its own, whose class path may have no codec: HTTP/1.1 where that is there, an echo where not. Stateless. */
final class FarewellsChild {
    private FarewellsChild() {}

    @SuppressWarnings("deprecation")
    public static void main(String[] arguments) throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .farewells(Farewells.auto())
                .drainPolicy(DrainPolicy.builder()
                        .idleAfter(Duration.ofMillis(50))
                        .gracePeriod(Duration.ofSeconds(5))
                        .drainTimeout(Duration.ofSeconds(10))
                        .build())
                .build();
        CompletableFuture<Channel> connection = new CompletableFuture<>();
        CompletableFuture<Runnable> asked = new CompletableFuture<>();
        EventLoopGroup group = new NioEventLoopGroup(1, new DefaultThreadFactory("nio", true));
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(manager.childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        connection.complete(channel);
                        if (hasHttp()) {
                            Http.fill(channel);
                        }
                        channel.pipeline().addLast(new Holds(asked));
                    }
                }))
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        manager.manage(listener);
        try (Wire wire = Wire.clear((InetSocketAddress) listener.localAddress())) {
            wire.send(Wire.get("/"));
            Runnable answer = asked.join();
            CompletableFuture<?> drain = manager.drain();
            while (DrainEvent.heardBy(connection.join()).isEmpty()) {
                Thread.onSpinWait();
            }
            group.next().submit(answer).sync();
            String all = wire.readToEnd();
            drain.join();
            System.out.println("farewell " + (all.contains("connection: close") ? "connection: close" : "nothing"));
        }
    }

    private static boolean hasHttp() {
        try {
            Class.forName("io.netty.handler.codec.http.HttpServerCodec");
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /** Loaded where its codec is. */
    private static final class Http {
        static void fill(Channel channel) {
            channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1000));
        }

        static Object answer() {
            DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
            HttpUtil.setContentLength(response, 0);
            return response;
        }
    }

    /** Answers when it is told to. */
    private static final class Holds extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<Runnable> asked;

        Holds(CompletableFuture<Runnable> asked) {
            this.asked = asked;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            asked.complete(
                    () -> ctx.writeAndFlush(hasHttp() ? Http.answer() : Unpooled.copiedBuffer(new byte[] {'x'})));
        }
    }
}
