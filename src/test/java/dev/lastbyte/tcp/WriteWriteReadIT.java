package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ResourceCheck;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A request in two writes, each when the kernel has the one before, and a wait for the answer: with Nagle's algorithm it
 * costs the peer's delayed acknowledgement from the second request on.
 */
@RealSockets
class WriteWriteReadIT {
    private static final int WARM_UP = 20;
    private static final int REQUESTS = 20;
    private static final int MANY_REQUESTS = 5000;
    private static final int HALF = 100;
    private static final long STALL_MICROS = 30_000; // the delayed ACK takes 40 ms

    static Stream<Arguments> cells() {
        return Transports.tcp()
                .flatMap(t -> Arrays.stream(SegmentPolicy.values()).map(p -> Arguments.of(t, p)));
    }

    @ParameterizedTest
    @MethodSource("cells")
    void request_inTwoWrites_stallsWithNagleOnly(Transports transport, SegmentPolicy policy) throws Exception {
        long[] micros = sortedMicros(transport, policy, WARM_UP, REQUESTS);
        long median = micros[REQUESTS / 2];
        System.out.println("write-write-read, " + transport + " " + policy + ": median " + median + " us");
        if (policy == SegmentPolicy.NAGLE) {
            assertTrue(median >= STALL_MICROS, () -> "no stall: " + Arrays.toString(micros));
        } else { // a busy machine may be late at times
            assertTrue(median < STALL_MICROS / 6, () -> "a stall: " + Arrays.toString(micros));
            assertTrue(micros[REQUESTS / 4] < 1000, () -> "slow: " + Arrays.toString(micros));
        }
    }

    @Tag("heavy")
    @ParameterizedTest
    @MethodSource("cells")
    void request_inTwoWrites_manyTimes_takesLessThanAMillisecond(Transports transport, SegmentPolicy policy)
            throws Exception {
        int requests = policy == SegmentPolicy.NAGLE ? REQUESTS : MANY_REQUESTS;
        long[] micros = sortedMicros(transport, policy, requests, requests);
        System.out.println("write-write-read, " + transport + " " + policy + ", " + requests + " requests: median "
                + micros[requests / 2] + " us, 99th percentile " + micros[requests * 99 / 100] + " us");
        assertTrue(policy == SegmentPolicy.NAGLE || micros[requests / 2] < 1000, () -> Arrays.toString(micros));
    }

    /** The times of all requests but the first, sorted. */
    private static long[] sortedMicros(Transports transport, SegmentPolicy policy, int warmUp, int requests)
            throws Exception {
        EventLoopGroup group = transport.assumeAvailable().newGroup(1);
        ResourceCheck resources = new ResourceCheck(group);
        long[] micros = new long[requests];
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Client client = new Client();
            Channel channel = new Bootstrap()
                    .group(group)
                    .channel(transport.clientChannel())
                    .handler(client)
                    .connect(listener.getLocalSocketAddress())
                    .syncUninterruptibly()
                    .channel();
            policy.applyTo(channel);
            try (Socket peer = listener.accept()) {
                peer.setTcpNoDelay(true);
                Thread answering = new Thread(() -> answer(peer), "answering");
                answering.start();
                for (int i = -warmUp; i < requests; i++) {
                    channel.eventLoop().execute(() -> {
                        client.begin();
                        request(channel, policy);
                    });
                    long took = client.await();
                    if (i >= 0) {
                        micros[i] = took;
                    }
                }
                channel.close().syncUninterruptibly();
                answering.join(TimeUnit.SECONDS.toMillis(30));
            }
        }
        assertEquals(List.of(), resources.close());
        Arrays.sort(micros);
        return micros;
    }

    /** Under CORK both flushes belong to one turn; the others have sent the first before the second is written. */
    private static void request(Channel channel, SegmentPolicy policy) {
        if (policy == SegmentPolicy.CORK) {
            channel.writeAndFlush(half());
            channel.writeAndFlush(half());
        } else {
            channel.writeAndFlush(half()).addListener(f -> channel.writeAndFlush(half()));
        }
    }

    private static ByteBuf half() {
        return Unpooled.wrappedBuffer(new byte[HALF]);
    }

    /** Reads whole requests and answers each. */
    private static void answer(Socket peer) {
        try {
            while (peer.getInputStream().readNBytes(2 * HALF).length == 2 * HALF) {
                peer.getOutputStream().write(new byte[HALF]);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Takes the time from a request to its whole answer. */
    private static final class Client extends SimpleChannelInboundHandler<ByteBuf> {
        private final BlockingQueue<Long> micros = new LinkedBlockingQueue<>();
        private long begin;
        private int got;

        void begin() {
            begin = System.nanoTime();
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
            got += bytes.readableBytes();
            if (got == HALF) {
                got = 0;
                micros.add((System.nanoTime() - begin) / 1000);
            }
        }

        long await() throws InterruptedException {
            Long answered = micros.poll(30, TimeUnit.SECONDS);
            if (answered == null) {
                throw new AssertionError("no answer");
            }
            return answered;
        }
    }
}
