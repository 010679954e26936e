package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.traffic.ChannelTrafficShapingHandler;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Connections that are at work although nothing is queued on them and no exchange is open. */
@RealSockets
class DrainBusyIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final int WRITES = 6;
    private static final int WRITE_BYTES = 16 << 10;
    private static final int BYTES_PER_SECOND = 64 << 10;
    private static final long BACK_MILLIS = 700;

    private static final DrainPolicy POLICY = Drained.POLICY.toBuilder()
            .gracePeriod(Duration.ofSeconds(15))
            .drainTimeout(Duration.ofSeconds(20))
            .build();

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void output_inATrafficShaper_isSentFirst(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport)
                        .policy(POLICY)
                        .handlers(channel -> channel.pipeline()
                                .addLast(new ChannelTrafficShapingHandler(BYTES_PER_SECOND, 0, 100), new Writes()))
                        .start();
                PeerRun client = server.connect()) {
            server.accepted();
            server.awaitOpen(1);
            client.request();
            client.read(1);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            client.readAll();
            client.socket().close();
            DrainReport report = Drained.await(drain, POLICY.drainTimeout());
            assertEquals(WRITES * WRITE_BYTES, client.bytes(), report::toString);
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
        }
    }

    /** At the end of the grace period nothing waits any more, and what the shaper holds is lost. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void output_inATrafficShaper_graceOver_isCountedAsInterrupted(Transports transport) throws Exception {
        try (ManagedServer server = ManagedServer.on(transport)
                        .handlers(channel -> channel.pipeline()
                                .addLast(new ChannelTrafficShapingHandler(8 << 10, 0, 100), new Writes()))
                        .start();
                PeerRun client = server.connect()) {
            server.accepted();
            server.awaitOpen(1);
            client.request();
            client.read(1);
            CompletableFuture<DrainReport> drain = server.manager.drain();
            client.readAll();
            client.socket().close();
            DrainReport report = Drained.await(drain);
            assertTrue(client.bytes() < WRITES * WRITE_BYTES, report::toString);
            assertEquals(DrainReport.Outcome.INTERRUPTED, report.outcome(), report::toString);
            assertEquals(1, report.interrupted(), report::toString);
        }
    }

    /** A gateway: a front connection waits for a back connection of the same manager, which is silent meanwhile. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void gateway_backConnection_outlivesTheFrontOnes(Transports transport) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        try (ManagedServer back = ManagedServer.on(transport)
                        .handlers(channel -> channel.pipeline().addLast(new SlowAnswer(asked)))
                        .start();
                ManagedServer front = ManagedServer.on(transport)
                        .policy(POLICY)
                        .handlers(channel -> channel.pipeline().addLast(new Holds()))
                        .start();
                PeerRun client = front.connect()) {
            Channel accepted = front.accepted();
            Channel toBack = connect(front, back, accepted);
            front.awaitOpen(2);
            GracefulCloseHandler.exchangeStarted(accepted);
            toBack.writeAndFlush(toBack.alloc().buffer(1).writeByte(0)).sync();
            assertTrue(asked.await(30, TimeUnit.SECONDS));
            CompletableFuture<DrainReport> drain = front.manager.drain();
            client.readAll();
            client.socket().close();
            DrainReport report = Drained.await(drain, POLICY.drainTimeout());
            assertEquals(1, client.bytes(), report::toString);
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            back.awaitOpen(0);
        }
    }

    private static Channel connect(ManagedServer front, ManagedServer back, Channel accepted) throws Exception {
        return new Bootstrap()
                .group(front.group)
                .channel(front.transport.clientChannel())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(front.manager.newHandler(), new Relay(accepted));
                    }
                })
                .connect(back.address())
                .sync()
                .channel();
    }

    /** Answers a request with a burst of writes. */
    private static final class Writes extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            for (int i = 0; i < WRITES; i++) {
                ctx.writeAndFlush(ctx.alloc().buffer(WRITE_BYTES).writeZero(WRITE_BYTES));
            }
        }
    }

    private static final class SlowAnswer extends ChannelInboundHandlerAdapter {
        private final CountDownLatch asked;

        SlowAnswer(CountDownLatch asked) {
            this.asked = asked;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            asked.countDown();
            ctx.executor().schedule(() -> ctx.writeAndFlush(message), BACK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Passes the answer of the back connection on. */
    private static final class Relay extends ChannelInboundHandlerAdapter {
        private final Channel front;

        Relay(Channel front) {
            this.front = front;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            front.writeAndFlush(message).addListener(sent -> GracefulCloseHandler.exchangeEnded(front));
        }
    }

    private static final class Holds extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }
    }
}
