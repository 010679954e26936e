package dev.lastbyte.websocket;

import dev.lastbyte.CloseReport;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/**
 * A server of {@link WebSocketTraffic} as a process, for another network namespace: drains at its first line of input, or
 * closes as Netty's examples do. Stateless.
 */
final class WebSocketServerChild {
    private static final WebSocketFarewellConfig CONFIG =
            WebSocketFarewellConfig.builder().status(1012).reason("restart").build();

    private WebSocketServerChild() {}

    public static void main(String[] arguments) throws Exception {
        Transports transport = Transports.valueOf(arguments[0]);
        boolean plain = arguments[2].equals("plain");
        Collection<Channel> channels = new ConcurrentLinkedQueue<>();
        Collection<CloseReport> reports = new ConcurrentLinkedQueue<>();
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .connections(GracefulCloseConfig.builder()
                        .closeListener((channel, report) -> reports.add(report))
                        .build())
                .drainPolicy(DrainPolicy.builder()
                        .gracePeriod(Duration.ofMillis(100))
                        .longLivedPeriod(Duration.ofMillis(100))
                        .drainTimeout(Duration.ofSeconds(10))
                        .build())
                .build();
        ChannelInitializer<Channel> webSockets = new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channels.add(channel);
                channel.pipeline()
                        .addLast(new HttpServerCodec(), new HttpObjectAggregator(1024))
                        .addLast(new WebSocketServerProtocolHandler("/"));
                if (!plain) {
                    channel.pipeline().addLast(new WebSocketFarewellHandler(CONFIG));
                }
                channel.pipeline().addLast(new WebSocketTraffic());
            }
        };
        EventLoopGroup group = transport.newGroup(1);
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .childHandler(plain ? webSockets : manager.childHandler(webSockets))
                .bind(new InetSocketAddress(arguments[1], 0))
                .sync()
                .channel();
        System.out.println("bound " + ((InetSocketAddress) listener.localAddress()).getPort());
        awaitLine();
        if (plain) {
            for (Channel channel : channels) {
                channel.writeAndFlush(new CloseWebSocketFrame(1012, "restart"))
                        .addListener(ChannelFutureListener.CLOSE);
            }
            System.out.println("ended plainly");
        } else {
            manager.manage(listener);
            DrainReport report = manager.drain().get(30, TimeUnit.SECONDS);
            long answered = reports.stream()
                    .filter(r -> r.farewell().orElseThrow().outcome() == FarewellReport.Outcome.ANSWERED)
                    .count();
            System.out.println("ended " + report.outcome() + " " + answered);
        }
        awaitLine();
        Objects.requireNonNull(group.shutdownGracefully(0, 5, TimeUnit.SECONDS)).sync();
    }

    private static void awaitLine() throws IOException {
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
    }
}
