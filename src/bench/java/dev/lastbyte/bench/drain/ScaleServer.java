package dev.lastbyte.bench.drain;

import dev.lastbyte.bench.netty.SinkChannel;
import dev.lastbyte.bench.process.ChildProgram;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultEventLoopGroup;
import java.util.concurrent.TimeUnit;

/**
 * The server of {@code scale-sim}, in a process of its own with much heap: connections without sockets on two event
 * loops.
 */
final class ScaleServer {
    private static final int LOOPS = 2;

    private Channel[] channels = {};
    private EndOfAll end = new EndOfAll.Plain();

    private ScaleServer() {}

    public static void main(String[] arguments) {
        ChildProgram.run(new ScaleServer()::serve);
    }

    private void serve() throws Exception {
        DefaultEventLoopGroup loops = new DefaultEventLoopGroup(LOOPS);
        try {
            ChildProgram.obey(words -> switch (words.get(0)) {
                case "bare" -> open(loops, new Bare(), Integer.parseInt(words.get(1)));
                case "plain" -> open(loops, new EndOfAll.Plain(), Integer.parseInt(words.get(1)));
                case "drain" -> open(loops, new EndOfAll.Drain(), Integer.parseInt(words.get(1)));
                case "heap" -> HeapHistogram.line();
                case "end" -> end();
                default -> throw ChildProgram.unknown(words);
            });
        } finally {
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    private String open(DefaultEventLoopGroup loops, EndOfAll end, int count) throws InterruptedException {
        this.end = end;
        ChannelHandler child = end.childHandler(new Nothing());
        channels = new Channel[count]; // in any case, so that it makes no difference
        for (int i = 0; i < count; i++) {
            channels[i] = new SinkChannel();
            channels[i].pipeline().addLast(child);
            loops.register(channels[i]);
        }
        for (int i = 0; i < LOOPS; i++) {
            loops.next().submit(() -> {}).sync(); // all are registered
        }
        return "open " + end.open();
    }

    private String end() throws Exception {
        long start = System.nanoTime();
        end.run();
        return "done " + (System.nanoTime() - start);
    }

    /** Connections that nobody keeps, neither a manager nor a {@code ChannelGroup}: what those take is measured against it. */
    private final class Bare implements EndOfAll {
        @Override
        public ChannelHandler childHandler(ChannelHandler answer) {
            return answer;
        }

        @Override
        public long open() {
            return channels.length;
        }

        @Override
        public void run() throws InterruptedException {
            for (Channel channel : channels) {
                channel.close();
            }
            for (Channel channel : channels) {
                channel.closeFuture().await();
            }
        }
    }

    @ChannelHandler.Sharable
    private static final class Nothing extends ChannelInboundHandlerAdapter {}
}
