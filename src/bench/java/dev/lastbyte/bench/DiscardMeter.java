package dev.lastbyte.bench;

import com.sun.management.ThreadMXBean;
import dev.lastbyte.CloseReport;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.lang.management.ManagementFactory;

/** Counts what one connection's close takes of its event loop: reads, CPU time, heap. Confined to the event loop. */
final class DiscardMeter {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private long reads;
    private long startNanos;
    private long startAllocated;

    /** Stands nearest the transport: one call per read is all it costs. */
    ChannelHandler reads() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                reads++;
                ctx.fireChannelRead(message);
            }
        };
    }

    /** Answers the first bytes and closes. */
    ChannelHandler answer() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ReferenceCountUtil.release(message);
                reads = 0;
                startAllocated =
                        THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
                startNanos = THREADS.getCurrentThreadCpuTime();
                ctx.write(Unpooled.wrappedBuffer(new byte[] {'n', 'o', '\n'}));
                ctx.close();
            }
        };
    }

    void ended(CloseReport report) {
        long nanos = THREADS.getCurrentThreadCpuTime() - startNanos;
        long allocated = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - startAllocated;
        Orders.say("done " + report.discardedBytes() + " " + reads + " " + nanos + " " + allocated);
    }
}
