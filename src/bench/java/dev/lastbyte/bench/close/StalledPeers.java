package dev.lastbyte.bench.close;

import dev.lastbyte.bench.netty.LoopGap;
import dev.lastbyte.bench.netty.LoopbackServer;
import dev.lastbyte.demo.Transport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Peers that never read what a server in this process has written to them, more than they take: a close can only wait for
 * them. They are sockets without a thread, so that they do not disturb the event loop that is watched. Not thread-safe.
 */
final class StalledPeers implements AutoCloseable {
    private static final int RECEIVE_BUFFER = 4096;
    private static final long ACCEPT_SECONDS = 10;

    /** Time for the event loop to become idle, and for the kernel to find that nobody reads. */
    private static final long SETTLE_NANOS = Duration.ofMillis(200).toNanos();

    private static final ByteBuf BYTES = Unpooled.unreleasableBuffer(
            Unpooled.directBuffer(1 << 20).writeZero(1 << 20).asReadOnly());

    private final LoopbackServer server;
    private final Queue<Channel> accepted = new ConcurrentLinkedQueue<>();
    private final List<SocketChannel> peers = new ArrayList<>();

    /**
     * What came of closing all at once.
     *
     * @param firstSeconds until the first channel was closed
     * @param lastSeconds until the last one was
     * @param gapMillis the event loop's longest gap meanwhile
     */
    record Closed(double firstSeconds, double lastSeconds, double gapMillis) {}

    /** Connects them, and waits until the server has written. */
    StalledPeers(Transport transport, Consumer<Channel> linger, int count) throws IOException, InterruptedException {
        server = new LoopbackServer(transport, 1);
        CountDownLatch written = new CountDownLatch(count);
        try {
            SocketAddress address = listen(linger, written);
            for (int i = 0; i < count; i++) {
                SocketChannel peer = SocketChannel.open();
                peers.add(peer);
                peer.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BUFFER);
                peer.connect(address);
            }
            if (!written.await(ACCEPT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("the server has not accepted all of its " + count + " peers");
            }
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private SocketAddress listen(Consumer<Channel> linger, CountDownLatch written) {
        Channel listener = server.listen(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                linger.accept(channel);
                channel.pipeline().addLast(new Writer(written));
            }
        });
        return listener.localAddress();
    }

    private final class Writer extends ChannelInboundHandlerAdapter {
        private final CountDownLatch written;

        Writer(CountDownLatch written) {
            this.written = written;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(BYTES.duplicate());
            accepted.add(ctx.channel());
            written.countDown();
        }

        /** Netty 4.1 on epoll fires one when its own SO_LINGER is over: the descriptor has left epoll before. */
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {}
    }

    /** Closes all channels at once, and waits for the last. */
    Closed closeAll() throws IOException, InterruptedException {
        LoopGap gap = LoopGap.watch(server.group().next());
        LockSupport.parkNanos(SETTLE_NANOS);
        gap.reset();
        long limit = 2L * (accepted.size() + 10); // each may take a second
        CountDownLatch closed = new CountDownLatch(accepted.size());
        ConcurrentLinkedQueue<Long> times = new ConcurrentLinkedQueue<>();
        long start = System.nanoTime();
        for (Channel channel : accepted) {
            channel.close().addListener(f -> {
                times.add(System.nanoTime() - start);
                closed.countDown();
            });
        }
        if (!closed.await(limit, TimeUnit.SECONDS)) {
            throw new IOException(closed.getCount() + " channels are not closed after " + limit + " s");
        }
        double gapMillis = gap.endMillis();
        double first = times.stream().mapToLong(Long::longValue).min().orElse(0) / 1e9;
        double last = times.stream().mapToLong(Long::longValue).max().orElse(0) / 1e9;
        return new Closed(first, last, gapMillis);
    }

    /** The peers go first: their resets free what the kernel still holds for them. */
    @Override
    public void close() throws IOException {
        for (SocketChannel peer : peers) {
            peer.close();
        }
        server.close();
    }
}
