package dev.lastbyte.bench.drain;

import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A way to end all connections of a server. */
interface EndOfAll {
    /** The handlers of each connection. */
    ChannelHandler childHandler(ChannelHandler answer);

    long open();

    /** Ends all, and returns when that is done. */
    void run() throws Exception;

    /** What Netty has: a plain close of each. */
    final class Plain implements EndOfAll {
        private final ChannelGroup all = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

        @Override
        public ChannelHandler childHandler(ChannelHandler answer) {
            return new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(answer);
                    all.add(channel);
                }
            };
        }

        @Override
        public long open() {
            return all.size();
        }

        @Override
        public void run() throws InterruptedException {
            all.close().await();
        }
    }

    /** A drain of idle connections. */
    final class Drain implements EndOfAll {
        private static final int MAX_CLOSING = 2_000_000;
        private static final long PATIENCE_SECONDS = 300;

        private final GracefulCloseManager manager = GracefulCloseManager.builder()
                .maxClosing(MAX_CLOSING)
                .drainPolicy(DrainPolicy.builder()
                        .idleAfter(Duration.ofMillis(1))
                        .drainTimeout(Duration.ofSeconds(PATIENCE_SECONDS))
                        .build())
                .build();

        @Override
        public ChannelHandler childHandler(ChannelHandler answer) {
            return manager.childHandler(new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(answer);
                }
            });
        }

        @Override
        public long open() {
            return manager.openConnections();
        }

        @Override
        public void run() throws Exception {
            DrainReport report = manager.drain().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (report.forced() != 0) {
                throw new IOException("a drain of idle connections had to force some: " + report);
            }
        }
    }
}
