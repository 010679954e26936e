package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.LoopTimer;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.LoopProbe;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.EventExecutor;
import java.lang.management.ManagementFactory;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Many connections of one event loop that all wait for peers that never read: what that costs the loop, and that all end. */
@RealSockets
class AcknowledgedScaleIT {
    private static final String WITH_TCP_INFO = "dev.lastbyte.testing.Transports#withTcpInfo";
    private static final int WRITTEN = 16 << 10;
    private static final double MOST_OF_A_CORE = 0.3;

    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void hundredsWaiting_leaveTheLoopAlone(Transports transport) throws Exception {
        wait(transport, 300, 500);
    }

    @Tag("heavy")
    @Timeout(300)
    @ParameterizedTest
    @MethodSource(WITH_TCP_INFO)
    void thousandsWaiting_leaveTheLoopAlone(Transports transport) throws Exception {
        wait(transport, 5000, 5000);
    }

    private static void wait(Transports transport, int count, int millis) throws Exception {
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger decided = new AtomicInteger();
        AtomicInteger acknowledged = new AtomicInteger();
        List<SocketChannel> peers = new ArrayList<>();
        try (TestServer server = TestServer.on(transport)
                .withoutHandler()
                .options(b -> b.option(ChannelOption.SO_BACKLOG, count))
                .handlers(c -> c.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        Answer.write(ctx, WRITTEN);
                        SendQueue.acknowledged(ctx.channel()).addListener(f -> {
                            acknowledged.addAndGet(f.isSuccess() ? 1 : 0);
                            decided.incrementAndGet();
                        });
                        asked.incrementAndGet();
                    }

                    @Override
                    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                        ctx.close(); // the peers reset
                    }
                }))
                .start()) {
            NoWarnings.tolerate("CompletionQueue overflow"); // when all peers reset at once
            EventExecutor loop = server.group().next();
            Cost alone = measure(loop, millis);
            try {
                for (int i = 0; i < count; i++) {
                    SocketChannel peer = SocketChannel.open();
                    peers.add(peer);
                    peer.setOption(StandardSocketOptions.SO_RCVBUF, 4096);
                    peer.connect(server.address());
                }
                Eventually.await("all wait", () -> asked.get() == count);
                Cost cost = measure(loop, millis);
                System.out.printf(
                        Locale.ROOT,
                        "%s: %d waiting: the loop takes %.1f %% of a core, longest gap %d ms; alone %.1f %%, %d ms%n",
                        transport,
                        count,
                        100 * cost.ofACore,
                        cost.gapMillis,
                        100 * alone.ofACore,
                        alone.gapMillis);
                assertEquals(0, decided.get());
                assertTrue(cost.ofACore < MOST_OF_A_CORE, () -> "" + cost);
                assertTrue(cost.gapMillis < 500, () -> "" + cost);
            } finally {
                for (SocketChannel peer : peers) {
                    peer.close(); // with input unread, so it resets
                }
            }
            Eventually.await("all decided", () -> decided.get() == count);
            assertEquals(0, acknowledged.get());
            Eventually.await("nothing watched", () -> LoopTimer.waiting(LoopTimer.Pace.LOOKS) == 0);
        }
    }

    private record Cost(double ofACore, long gapMillis) {}

    private static Cost measure(EventExecutor loop, int millis) throws Exception {
        LoopProbe probe = new LoopProbe(loop);
        long cpu = loop.submit(AcknowledgedScaleIT::cpuNanos).get(30, TimeUnit.SECONDS);
        long begin = System.nanoTime();
        loop.schedule(() -> {}, millis, TimeUnit.MILLISECONDS).get(60, TimeUnit.SECONDS);
        double used = loop.submit(AcknowledgedScaleIT::cpuNanos).get(30, TimeUnit.SECONDS) - cpu;
        return new Cost(used / (System.nanoTime() - begin), probe.stop());
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
