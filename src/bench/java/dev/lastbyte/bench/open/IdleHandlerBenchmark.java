package dev.lastbyte.bench.open;

import com.sun.management.ThreadMXBean;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.bench.netty.SinkChannel;
import dev.lastbyte.drain.GracefulCloseManager;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoopGroup;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One message through a pipeline of five busy handlers and an echo, and back: read, readComplete, write, flush and the read that
 * auto-read asks for. Nothing of it allocates. All pipelines are measured in turn within one invocation: what one more handler adds is
 * far less than the difference between two JVMs that have compiled the same code. JMH makes subclasses of it. Not thread-safe.
 */
@SuppressWarnings("deprecation") // the old group is in Netty 4.1 and 4.2 alike
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class IdleHandlerBenchmark {
    private static final int MESSAGES = 5_000;
    private static final int PIPELINES = 4;
    private static final int BUSY_HANDLERS = 5;
    private static final int MESSAGE_BYTES = 1024;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final EventLoopGroup group = new DefaultEventLoopGroup(1);
    private final ByteBuf message = PooledByteBufAllocator.DEFAULT.directBuffer(MESSAGE_BYTES);
    private final SinkChannel nothing = new SinkChannel();
    private final SinkChannel hop = new SinkChannel();
    private final SinkChannel handler = new SinkChannel();
    private final SinkChannel managed = new SinkChannel();
    private boolean backwards;

    /** What was spent in one iteration: time, and bytes that the event loop's thread has allocated, as the JVM counts them. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Costs {
        public long messages;
        public long nothingNanos;
        public long hopNanos;
        public long handlerNanos;
        public long managedNanos;
        public long nothingBytes;
        public long handlerBytes;
        public long managedBytes;
    }

    /** Registers the connections. */
    @Setup
    public void open() throws InterruptedException {
        message.writeZero(MESSAGE_BYTES);
        hop.pipeline().addLast(new Hop());
        handler.pipeline().addLast(new GracefulCloseHandler());
        managed.pipeline().addLast(GracefulCloseManager.create().newHandler());
        for (SinkChannel channel : List.of(nothing, hop, handler, managed)) {
            for (int i = 0; i < BUSY_HANDLERS; i++) {
                channel.pipeline().addLast(new PassThrough());
            }
            channel.pipeline().addLast(new Echo());
            group.register(channel).sync();
        }
    }

    /** Ends the event loop; the channels are garbage. */
    @TearDown
    public void close() throws InterruptedException {
        message.release();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    /** As many messages through each pipeline. */
    @Benchmark
    @OperationsPerInvocation(MESSAGES * PIPELINES)
    public void message(Costs costs) throws InterruptedException {
        backwards = !backwards;
        group.submit(() -> allInTurn(costs)).sync();
    }

    private void allInTurn(Costs costs) {
        costs.messages += MESSAGES;
        for (int i = 0; i < PIPELINES; i++) {
            int pipeline = backwards ? PIPELINES - 1 - i : i;
            long bytes = THREADS.getCurrentThreadAllocatedBytes();
            long begun = System.nanoTime();
            switch (pipeline) {
                case 0 -> {
                    pass(nothing);
                    costs.nothingNanos += System.nanoTime() - begun;
                    costs.nothingBytes += THREADS.getCurrentThreadAllocatedBytes() - bytes;
                }
                case 1 -> {
                    pass(hop);
                    costs.hopNanos += System.nanoTime() - begun;
                }
                case 2 -> {
                    pass(handler);
                    costs.handlerNanos += System.nanoTime() - begun;
                    costs.handlerBytes += THREADS.getCurrentThreadAllocatedBytes() - bytes;
                }
                default -> {
                    pass(managed);
                    costs.managedNanos += System.nanoTime() - begun;
                    costs.managedBytes += THREADS.getCurrentThreadAllocatedBytes() - bytes;
                }
            }
        }
    }

    private void pass(SinkChannel channel) {
        ChannelPipeline pipeline = channel.pipeline();
        for (int i = 0; i < MESSAGES; i++) {
            pipeline.fireChannelRead(message.retain());
            pipeline.fireChannelReadComplete();
        }
    }

    /** Passes reads on. */
    private static final class Hop extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.fireChannelRead(message);
        }
    }

    /** Passes everything on. */
    private static final class PassThrough extends ChannelDuplexHandler {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.fireChannelRead(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.fireChannelReadComplete();
        }

        @Override
        public void read(ChannelHandlerContext ctx) {
            ctx.read();
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            ctx.write(message, promise);
        }

        @Override
        public void flush(ChannelHandlerContext ctx) {
            ctx.flush();
        }
    }
}
