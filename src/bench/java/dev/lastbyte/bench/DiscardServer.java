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

    @Parameters(index = "1", description = "whether by the library; else by hand")
    private boolean graceful;

    @Override
    public Integer call() throws Exception {
        try (LoopbackServer server = new LoopbackServer(transport, 1)) {
            Channel listener = server.listen(new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel channel) {
                    DiscardMeter meter = new DiscardMeter();
                    if (graceful) {
                        AnswerAndClose answer = new AnswerAndClose(meter);
                        channel.pipeline()
                                .addLast(answer.counter(), new GracefulCloseHandler(unlimited(meter)), answer);
                    } else {
                        channel.pipeline().addLast(new HandmadeDiscard(meter));
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

    private static GracefulCloseConfig unlimited(DiscardMeter meter) {
        return GracefulCloseConfig.builder()
                .closeTimeout(LONG)
                .flushTimeout(LONG)
                .eofTimeout(LONG)
                .stallTimeout(LONG)
                .quietPeriod(LONG)
                .deliveredTimeout(LONG)
                .maxDiscardedBytes(Long.MAX_VALUE)
                .unlimitedDiscardRate()
                .closeListener((channel, report) -> meter.end(report.discardedBytes()))
                .build();
    }
}
