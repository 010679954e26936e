package dev.lastbyte.bench.open;

import dev.lastbyte.bench.process.ChildProgram;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The clients of {@link EchoCommand}, on one event loop in a process of their own: each keeps some messages of 1 KiB under way. It is
 * told {@code PORT CONNECTIONS DEPTH WARM-UP-MS MS}, and tells how many came back per second, and how many in all. Not thread-safe.
 */
@SuppressWarnings("deprecation") // the old groups are in Netty 4.1 and 4.2 alike
final class EchoClient {
    private static final int MESSAGE_BYTES = 1024;
    private static final ByteBuf MESSAGE =
            Unpooled.unreleasableBuffer(Unpooled.directBuffer(MESSAGE_BYTES).writeZero(MESSAGE_BYTES));
    private static final long PATIENCE_SECONDS = 10;

    private final boolean epoll = Epoll.isAvailable();
    private final EventLoopGroup group = epoll ? new EpollEventLoopGroup(1) : new NioEventLoopGroup(1);
    private long echoed; // on the event loop
    private boolean stopping; // on the event loop

    private EchoClient() {}

    public static void main(String[] arguments) {
        ChildProgram.run(new EchoClient()::run);
    }

    private void run() throws Exception {
        ChildProgram.obey(words -> {
            int[] numbers = words.stream().mapToInt(Integer::parseInt).toArray();
            long before = echoed();
            double perSecond = perSecond(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
            return perSecond + " " + (echoed() - before);
        });
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    private double perSecond(int port, int connections, int depth, int warmUpMillis, int millis) throws Exception {
        group.submit(() -> stopping = false).sync();
        List<Channel> channels = new ArrayList<>();
        Bootstrap bootstrap = new Bootstrap()
                .group(group)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Pipelining(depth));
                    }
                });
        for (int i = 0; i < connections; i++) {
            channels.add(bootstrap
                    .connect(InetAddress.getLoopbackAddress(), port)
                    .sync()
                    .channel());
        }
        Thread.sleep(warmUpMillis);
        long before = echoed();
        long begun = System.nanoTime();
        Thread.sleep(millis);
        long after = echoed();
        double seconds = (System.nanoTime() - begun) / 1e9;
        group.submit(() -> stopping = true).sync();
        for (Channel channel : channels) {
            if (!channel.closeFuture().await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException(channel + " did not get its last echo");
            }
        }
        return (after - before) / seconds;
    }

    private long echoed() throws Exception {
        return group.submit(() -> echoed).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** Sends a message for each that comes back; in the end none, and closes when all are back. */
    private final class Pipelining extends ChannelInboundHandlerAdapter {
        private final int depth;
        private int underWay;
        private int partBytes;

        Pipelining(int depth) {
            this.depth = depth;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            for (int i = 0; i < depth; i++) {
                send(ctx);
            }
            ctx.flush();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object incoming) {
            int bytes = partBytes + ((ByteBuf) incoming).readableBytes();
            ReferenceCountUtil.release(incoming);
            int complete = bytes / MESSAGE_BYTES;
            partBytes = bytes % MESSAGE_BYTES;
            echoed += complete;
            underWay -= complete;
            for (int i = 0; i < complete && !stopping; i++) {
                send(ctx);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
            if (stopping && underWay == 0) {
                ctx.close();
            }
        }

        private void send(ChannelHandlerContext ctx) {
            underWay++;
            ctx.write(MESSAGE.duplicate(), ctx.voidPromise());
        }
    }
}
