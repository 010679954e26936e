package dev.lastbyte.tcp;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * One end of a measured transfer, as a process, for both ends of a link. {@code server TRANSPORT HOST} is told {@code send LIMIT
 * LENGTH} (0: no limit) before each connection and {@code most} behind it; {@code peer} is told {@code read HOST PORT LENGTH
 * PAUSE_MS}. Stateless.
 */
final class InFlightChild {
    private static final int CHUNK = 16 << 10;

    private InFlightChild() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("server")) {
            serve(Transports.valueOf(arguments[1]), arguments[2]);
        } else {
            BufferedReader input = input();
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                String[] words = line.split(" ");
                read(words[1], Integer.parseInt(words[2]), Long.parseLong(words[3]), Long.parseLong(words[4]));
            }
        }
    }

    private static void serve(Transports transport, String host) throws Exception {
        EventLoopGroup group = transport.newGroup(1);
        AtomicLong most = new AtomicLong();
        long[] order = new long[2];
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        CompletableFuture<Void> done = new CompletableFuture<>();
                        done.thenRun(channel::close);
                        channel.pipeline().addLast(new GracefulCloseHandler());
                        if (order[0] > 0) {
                            channel.pipeline().addLast(SendQueue.limitInFlight(order[0]));
                        }
                        channel.pipeline()
                                .addLast(new EagerWriter(order[1], CHUNK, most, done, WriteBufferWaterMark.DEFAULT));
                    }
                })
                .bind(host, 0)
                .sync()
                .channel();
        System.out.println("bound " + ((InetSocketAddress) listener.localAddress()).getPort());
        BufferedReader input = input();
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ");
            if (words[0].equals("send")) {
                order[0] = Long.parseLong(words[1]);
                order[1] = Long.parseLong(words[2]);
                most.set(0);
                System.out.println("ready to send");
            } else {
                System.out.println("most " + most);
            }
        }
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS);
    }

    private static void read(String host, int port, long length, long pauseMillis) throws IOException {
        try (PeerSocket socket = PeerSocket.connect(new InetSocketAddress(host, port))) {
            byte[] input = new byte[pauseMillis > 0 ? CHUNK : 256 << 10];
            long begin = System.nanoTime();
            long bytes = 0;
            while (bytes < length) {
                int count = socket.read(input, input.length);
                if (count < 0) {
                    break;
                }
                bytes += count;
                if (pauseMillis > 0) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(pauseMillis));
                }
            }
            System.out.println("read " + bytes + " " + (System.nanoTime() - begin) / 1000);
        }
    }

    private static BufferedReader input() {
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    }
}
