package dev.lastbyte.tcp;

import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.unix.RawUnixChannelOption;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A client as a process: {@code ask <host> <port> <policy> <act>} asks a {@link SegmentChild}, and tells bytes, segments with
 * payload as the kernel counted them, and the time from the request to the last byte. Stateless.
 */
final class SegmentPeerChild {
    /** {@code tcpi_data_segs_in} of struct tcp_info. */
    private static final int DATA_SEGMENTS_IN = 152;

    private static final RawUnixChannelOption TCP_INFO = new RawUnixChannelOption("test.peer.TCP_INFO", 6, 11, 256);

    private SegmentPeerChild() {}

    public static void main(String[] arguments) throws IOException {
        EventLoopGroup group = Transports.EPOLL.newGroup(1);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ");
            Asking asking = new Asking();
            Channel channel = new Bootstrap()
                    .group(group)
                    .channel(Transports.EPOLL.clientChannel())
                    .option(ChannelOption.ALLOW_HALF_CLOSURE, true) // to ask the kernel after the EOF
                    .handler(asking)
                    .connect(words[1], Integer.parseInt(words[2]))
                    .syncUninterruptibly()
                    .channel();
            asking.begin = System.nanoTime();
            channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {
                (byte) SegmentPolicy.valueOf(words[3]).ordinal(),
                (byte) SegmentChild.Act.valueOf(words[4]).ordinal()
            }));
            System.out.println("got " + asking.result.join());
            channel.close().syncUninterruptibly();
        }
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static final class Asking extends SimpleChannelInboundHandler<ByteBuf> {
        private final CompletableFuture<String> result = new CompletableFuture<>();
        private volatile long begin;
        private long last;
        private int bytes;

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf message) {
            bytes += message.readableBytes();
            last = System.nanoTime();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                int segments = ctx.channel()
                        .config()
                        .getOption(TCP_INFO)
                        .order(ByteOrder.nativeOrder())
                        .getInt(DATA_SEGMENTS_IN);
                result.complete(bytes + " " + segments + " " + (last - begin) / 1000);
            }
        }
    }
}
