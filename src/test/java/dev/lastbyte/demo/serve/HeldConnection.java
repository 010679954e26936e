package dev.lastbyte.demo.serve;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.drain.DrainEvent;
import dev.lastbyte.drain.DrainListener;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainProgress;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.testing.Listening;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * What a drain leaves of a connection whose client never goes: the event that its handlers heard, the last progress and the
 * report. Immutable.
 *
 * @param client the client's address
 * @param event what the handlers of the connection heard
 * @param news every progress, in order
 * @param report the report
 */
record HeldConnection(SocketAddress client, DrainEvent event, List<DrainProgress> news, DrainReport report) {
    private static final DrainPolicy SHORT = DrainPolicy.builder()
            .gracePeriod(Duration.ofMillis(100))
            .longLivedPeriod(Duration.ofMillis(100))
            .drainTimeout(Duration.ofMillis(500))
            .build();

    /** Longer than the drain, so that only its deadline can end the connection. */
    private static final GracefulCloseConfig PATIENT = GracefulCloseConfig.builder()
            .quietPeriod(Duration.ofSeconds(20))
            .stallTimeout(Duration.ofSeconds(20))
            .build();

    static HeldConnection drained() throws Exception {
        List<DrainProgress> news = new CopyOnWriteArrayList<>();
        CompletableFuture<Void> end = new CompletableFuture<>();
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .connections(PATIENT)
                .drainPolicy(SHORT)
                .drainListener(new DrainListener() {
                    @Override
                    public void onProgress(DrainProgress progress) {
                        news.add(progress);
                        if (progress.phase() == DrainPhase.DRAINED) {
                            end.complete(null);
                        }
                    }
                })
                .build();
        EventLoopGroup group = Transport.NIO.newGroup(1);
        CompletableFuture<Void> opened = new CompletableFuture<>();
        CompletableFuture<DrainEvent> heard = new CompletableFuture<>();
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(Transport.NIO.serverChannel())
                .childHandler(manager.childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Ear(opened, heard));
                    }
                }))
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        manager.manage(listener);
        try (Socket client =
                new Socket(InetAddress.getLoopbackAddress(), ((InetSocketAddress) listener.localAddress()).getPort())) {
            opened.get(60, TimeUnit.SECONDS);
            DrainReport report = manager.drainAndShutdown(group).get(60, TimeUnit.SECONDS);
            end.get(60, TimeUnit.SECONDS);
            return new HeldConnection(
                    client.getLocalSocketAddress(), heard.get(60, TimeUnit.SECONDS), List.copyOf(news), report);
        }
    }

    /** The last progress. */
    DrainProgress end() {
        return news.get(news.size() - 1);
    }

    private static final class Ear extends Listening {
        private final CompletableFuture<Void> opened;
        private final CompletableFuture<DrainEvent> heard;

        Ear(CompletableFuture<Void> opened, CompletableFuture<DrainEvent> heard) {
            this.opened = opened;
            this.heard = heard;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            opened.complete(null);
            ctx.fireChannelActive();
        }

        @Override
        public void drain(ChannelHandlerContext ctx, Drain drain) {
            heard.complete((DrainEvent) drain);
        }
    }
}
