package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.LoopProbe;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The event loop goes on turning while many closes wait for peers that never read, SO_LINGER or not. */
@RealSockets
class EventLoopStallIT {
    private static final int CONNECTIONS = 100;
    private static final int ANSWER = 512 * 1024;

    static Stream<Arguments> strategies() {
        return Transports.tcp().flatMap(transport -> Stream.of(
                        CloseStrategy.LINGER, CloseStrategy.HALF_CLOSE_LINGER, CloseStrategy.FULL)
                .map(strategy -> Arguments.of(transport, strategy)));
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void hundredStalledCloses_doNotHoldTheLoop(Transports transport, CloseStrategy strategy) throws Exception {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .strategy(strategy)
                .flushTimeout(Duration.ofMillis(600))
                .stallTimeout(Duration.ofMillis(600))
                .closeTimeout(Duration.ofSeconds(2))
                .build();
        CountDownLatch written = new CountDownLatch(CONNECTIONS);
        List<PeerRun> peers = new ArrayList<>();
        try (TestServer server = TestServer.on(transport)
                .config(config)
                .options(b -> b.childOption(ChannelOption.SO_LINGER, 2).option(ChannelOption.SO_BACKLOG, CONNECTIONS))
                .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                    Answer.write(ctx, ANSWER);
                    ctx.flush();
                    written.countDown();
                })))
                .start()) {
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                PeerRun peer = server.connect(0);
                peers.add(peer);
                peer.request();
                channels.add(server.accepted());
            }
            assertTrue(written.await(30, TimeUnit.SECONDS));
            LoopProbe probe = new LoopProbe(channels.get(0).eventLoop());
            channels.forEach(Channel::close);
            for (Channel channel : channels) {
                CloseReport report = server.report(channel);
                assertEquals(transport.tellsDelivery() ? CloseCause.STALLED : expectedOnNio(strategy), report.cause());
            }
            long millis = probe.stop();
            System.out.println(transport + " " + strategy + ": longest gap of the event loop " + millis + " ms");
            assertTrue(millis < 200, () -> "the loop stood still for " + millis + " ms");
        } finally {
            for (PeerRun peer : peers) {
                peer.close();
            }
        }
    }

    private static CloseCause expectedOnNio(CloseStrategy strategy) {
        return strategy.discards() ? CloseCause.STALLED : CloseCause.NOT_AWAITED;
    }
}
