package dev.lastbyte.bench;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.demo.Transport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A receiver of {@code discard}, in a process of its own: answers, discards, and tells what that took. */
@Command(name = "discard-server", hidden = true, description = "A receiver of 'discard'.")
public final class DiscardServer implements Callable<Integer> {
    private static final Duration LONG = Duration.ofMinutes(10);

    @Parameters(index = "0")
    private Transport transport = Transport.NIO;

    @Parameters(index = "1")
    private DiscardWay way = DiscardWay.HAND;

    @Override
    public Integer call() throws Exception {
        try (LoopbackServer server = new LoopbackServer(transport, 1)) {
            Channel listener = server.listen(new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel channel) {
                    DiscardMeter meter = new DiscardMeter();
                    if (way.isGraceful()) {
                        AnswerAndClose answer = new AnswerAndClose(meter);
                        channel.pipeline().addLast(answer.counter(), new GracefulCloseHandler(config(meter)), answer);
                    } else {
                        way.discardByHand(channel, meter);
                    }
                }
            });
            Orders.say("listening " + LoopbackServer.port(listener));
            Orders.obey(words -> {
                throw Orders.unknown(words);
            });
        }
        return 0;
    }

    private GracefulCloseConfig config(DiscardMeter meter) {
        GracefulCloseConfig.Builder limits = GracefulCloseConfig.builder()
                .closeTimeout(LONG)
                .flushTimeout(LONG)
                .eofTimeout(LONG)
                .stallTimeout(LONG)
                .quietPeriod(LONG)
                .deliveredTimeout(LONG)
                .maxDiscardedBytes(Long.MAX_VALUE)
                .closeListener((channel, report) -> meter.end(report.discardedBytes()));
        return (way == DiscardWay.PACED ? limits : limits.unlimitedDiscardRate()).build();
    }
}
