package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Drains that begin at any moment while clients connect, ask, close and reset: the figures always agree. */
@RealSockets
class DrainStressIT {
    private static final int ROUNDS = 3;
    private static final int HEAVY_ROUNDS = 50;
    private static final int CLIENTS = 6;
    private static final long SEED = 20261120;

    private static final DrainPolicy POLICY = DrainPolicy.builder()
            .acceptTimeout(Duration.ofMillis(500))
            .idleAfter(Duration.ofMillis(10))
            .gracePeriod(Duration.ofMillis(60))
            .longLivedPeriod(Duration.ofMillis(60))
            .drainTimeout(Duration.ofMillis(150))
            .build();

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void drain_atAnyMoment_figuresAgreeAndNobodyIsLeft(Transports transport) throws Exception {
        rounds(transport, ROUNDS);
    }

    @Tag("heavy")
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void drain_atAnyMomentManyTimes_figuresAgreeAndNobodyIsLeft(Transports transport) throws Exception {
        rounds(transport, HEAVY_ROUNDS);
    }

    private static void rounds(Transports transport, int rounds) throws Exception {
        transport.assumeAvailable();
        System.out.println(transport + ": seed " + SEED);
        SplittableRandom seeds = new SplittableRandom(SEED);
        long connections = 0;
        for (int round = 0; round < rounds; round++) {
            connections += round(transport, seeds.split());
        }
        System.out.println(transport + ": " + connections + " connections in " + rounds + " drains");
        assertTrue(connections > rounds, "it was under load");
    }

    private static long round(Transports transport, SplittableRandom random) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        List<Thread> clients = new ArrayList<>();
        try (ManagedServer server = ManagedServer.on(transport)
                .policy(POLICY)
                .loops(2)
                .manager(b -> b.maxClosing(4))
                .handlers(c -> c.pipeline().addLast(new Exchanges()))
                .start()) {
            for (int i = 0; i < CLIENTS; i++) {
                SplittableRandom own = random.split();
                Thread client = new Thread(() -> connectUntil(over, server, own), "client " + i);
                clients.add(client);
                client.start();
            }
            LockSupport.parkNanos(random.nextLong(TimeUnit.MILLISECONDS.toNanos(40)));
            CompletableFuture<DrainReport> drain = server.manager.drain();
            DrainReport report = Drained.await(drain, POLICY.drainTimeout());
            over.set(true);
            for (Thread client : clients) {
                client.join(TimeUnit.SECONDS.toMillis(30));
                assertTrue(!client.isAlive(), client::getName);
            }
            assertEquals(0, report.unfinished(), report::toString);
            assertEquals(0, server.manager.openConnections(), report::toString);
            assertEquals(0, server.manager.closingConnections(), report::toString);
            return server.reports.size();
        } finally {
            over.set(true);
        }
    }

    private static void connectUntil(AtomicBoolean over, ManagedServer server, SplittableRandom random) {
        while (!over.get()) {
            try (PeerRun peer = server.connect()) {
                switch (random.nextInt(6)) {
                    case 0 -> peer.pause(random.nextInt(3)); // connects and leaves
                    case 1 -> {
                        peer.request();
                        peer.read(100);
                    }
                    case 2 -> {
                        peer.request();
                        peer.socket().reset();
                    }
                    case 3 -> {
                        peer.request();
                        peer.shutdownOutput();
                        peer.readAll();
                    }
                    case 4 -> {
                        peer.request();
                        peer.pause(random.nextInt(200)); // whatever the server does
                    }
                    default -> {
                        for (int i = random.nextInt(5); i >= 0 && peer.read(100) >= 0; i--) {
                            peer.request();
                        }
                    }
                }
            } catch (IOException e) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1)); // the server takes nobody any more
            }
        }
    }

    /** Greets, then answers each piece of input a moment later, as an exchange; closes now and then. */
    private static final class Exchanges extends ChannelInboundHandlerAdapter {
        private int count;

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte(0));
            ctx.fireChannelActive();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            GracefulCloseHandler.exchangeStarted(ctx.channel());
            ctx.executor().schedule(() -> answer(ctx), 2, TimeUnit.MILLISECONDS);
        }

        private void answer(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(ctx.alloc().buffer(100).writeZero(100));
            GracefulCloseHandler.exchangeEnded(ctx.channel());
            if (++count == 3) {
                ctx.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (!(cause instanceof IOException)) {
                ctx.fireExceptionCaught(cause);
            }
        }
    }
}
