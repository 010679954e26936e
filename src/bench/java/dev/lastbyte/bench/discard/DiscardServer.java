package dev.lastbyte.bench.discard;

import com.sun.management.ThreadMXBean;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.bench.netty.LoopbackServer;
import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.process.ChildProgram;
import dev.lastbyte.demo.Transport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;

/**
 * A Netty receiver of {@code discard}, in a process of its own: answers, discards, and tells what that took.
 * Stateless.
 */
final class DiscardServer {
    private static final Duration LONG = Duration.ofMinutes(10);

    private DiscardServer() {}

    /** How it discards. */
    enum Way {
        /** By the library, as fast as it can. */
        LASTBYTE,
        /** By hand. */
        HAND
    }

    static ChildProcess start(Transport transport, Way way) throws IOException {
        return ChildProcess.jvm(List.of("-Xmx1g"), DiscardServer.class, List.of(transport.name(), way.name()));
    }

    /** Takes the transport and the {@link Way}. */
    public static void main(String[] arguments) {
        Transport transport = Transport.valueOf(arguments[0]);
        Way way = Way.valueOf(arguments[1]);
        ChildProgram.run(() -> {
            try (LoopbackServer server = new LoopbackServer(transport, 1)) {
                Channel listener = server.listen(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        discard(channel, way);
                    }
                });
                ChildProgram.say("listening " + LoopbackServer.port(listener));
                ChildProgram.awaitEnd();
            }
        });
    }

    private static void discard(Channel channel, Way way) {
        Meter meter = new Meter();
        switch (way) {
            case LASTBYTE -> {
                AnswerAndClose answer = new AnswerAndClose(meter);
                channel.pipeline().addLast(answer.counter(), new GracefulCloseHandler(config(meter)), answer);
            }
            case HAND -> channel.pipeline().addLast(new HandmadeDiscard(meter));
        }
    }

    private static GracefulCloseConfig config(Meter meter) {
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

    /** Measures what discarding one upload takes of its event loop: reads, CPU time, heap. Confined to the event loop. */
    private static final class Meter {
        private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        private long reads;
        private long startNanos;
        private long startAllocated;

        void begin() {
            reads = 0;
            startAllocated =
                    THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
            startNanos = THREADS.getCurrentThreadCpuTime();
        }

        void read() {
            reads++;
        }

        /** Tells the bench. */
        void end(long bytes) {
            long nanos = THREADS.getCurrentThreadCpuTime() - startNanos;
            long allocated =
                    THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - startAllocated;
            ChildProgram.say("done " + bytes + " " + reads + " " + nanos + " " + allocated);
        }
    }

    /** Answers the first bytes of an upload and closes: the close sequence discards the rest. Confined to the event loop. */
    private static final class AnswerAndClose extends ChannelInboundHandlerAdapter {
        private final Meter meter;

        AnswerAndClose(Meter meter) {
            this.meter = meter;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            meter.begin();
            ctx.write(answer());
            ctx.close();
        }

        /** Stands nearest the transport and counts the reads; one call for each is all it costs. */
        ChannelHandler counter() {
            return new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                    meter.read();
                    ctx.fireChannelRead(message);
                }
            };
        }
    }

    /**
     * The same without the library and without any limit: half-closes after the answer and drops input until EOF. What it takes is
     * Netty's own part. Confined to the event loop.
     */
    private static final class HandmadeDiscard extends ChannelInboundHandlerAdapter {
        private final Meter meter;
        private boolean answered;
        private long bytes;

        HandmadeDiscard(Meter meter) {
            this.meter = meter;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf buffer = (ByteBuf) message;
            long size = buffer.readableBytes();
            buffer.release();
            if (answered) {
                bytes += size;
                meter.read();
                return;
            }
            answered = true;
            meter.begin();
            ctx.writeAndFlush(answer()).addListener(f -> ((DuplexChannel) ctx.channel()).shutdownOutput());
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            meter.end(bytes);
        }
    }

    private static ByteBuf answer() {
        return Unpooled.wrappedBuffer(new byte[] {'n', 'o', '\n'});
    }
}
