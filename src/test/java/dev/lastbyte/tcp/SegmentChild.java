package dev.lastbyte.tcp;

import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Future;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/**
 * A server as a process, for another network namespace: two bytes of a request name the policy and what to send, and it
 * closes behind that. It is told {@code bind <host>}, and ends with its input. Stateless.
 */
final class SegmentChild {
    static final int HEADER = 200;
    static final int BODY = 800;

    /** What is sent. */
    enum Act {
        SIX_SENDS,
        HEADER_AND_FILE,
        /** Three corked messages within one round trip; as NAGLE, without the TCP_NODELAY that CORK sets. */
        THREE_MESSAGES
    }

    private SegmentChild() {}

    public static void main(String[] arguments) throws IOException {
        Transports transport = Transports.valueOf(arguments[0]);
        EventLoopGroup group = transport.newGroup(1);
        Queue<Future<CloseReport>> reports = new ConcurrentLinkedQueue<>();
        Path file = Files.write(Files.createTempFile("lastbyte", "body"), new byte[BODY]);
        try {
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                Channel listener = new ServerBootstrap()
                        .group(group)
                        .channel(transport.serverChannel())
                        .childHandler(new ChannelInitializer<>() {
                            @Override
                            protected void initChannel(Channel ch) {
                                ch.pipeline().addLast(new GracefulCloseHandler(), new Answering(file));
                                reports.add(GracefulCloseHandler.report(ch));
                            }
                        })
                        .bind(line.split(" ")[1], 0)
                        .syncUninterruptibly()
                        .channel();
                System.out.println("bound " + ((InetSocketAddress) listener.localAddress()).getPort());
            }
        } finally {
            Files.delete(file);
            reports.forEach(report -> report.awaitUninterruptibly(5, TimeUnit.SECONDS));
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private static final class Answering extends ChannelInboundHandlerAdapter {
        private final Path file;

        Answering(Path file) {
            this.file = file;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf request = (ByteBuf) message;
            SegmentPolicy policy = SegmentPolicy.values()[request.readByte()];
            Act act = Act.values()[request.readByte()];
            request.release();
            if (act == Act.THREE_MESSAGES) {
                SegmentPolicy.CORK.applyTo(ctx.channel());
                ctx.channel().config().setOption(ChannelOption.TCP_NODELAY, policy != SegmentPolicy.NAGLE);
                sendMessages(ctx.channel(), 3);
                return;
            }
            policy.applyTo(ctx.channel());
            if (act == Act.HEADER_AND_FILE) {
                ctx.channel().writeAndFlush(Unpooled.wrappedBuffer(new byte[HEADER]));
                ctx.channel()
                        .writeAndFlush(new DefaultFileRegion(file.toFile(), 0, BODY))
                        .addListener(ChannelFutureListener.CLOSE);
            } else if (policy == SegmentPolicy.CORK) {
                for (int i = 0; i < 5; i++) {
                    ctx.channel().writeAndFlush(Unpooled.wrappedBuffer(new byte[1]));
                }
                ctx.channel()
                        .writeAndFlush(Unpooled.wrappedBuffer(new byte[1]))
                        .addListener(ChannelFutureListener.CLOSE);
            } else {
                Answer.sendEach(ctx.channel(), 6).addListener(ChannelFutureListener.CLOSE);
            }
        }

        /** Messages of two flushes, each in a turn of its own. */
        private static void sendMessages(Channel channel, int left) {
            if (left == 0) {
                channel.close();
                return;
            }
            SegmentPolicy.messageStarted(channel);
            channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[1]));
            channel.eventLoop()
                    .schedule(
                            () -> {
                                channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[1]));
                                SegmentPolicy.messageEnded(channel);
                                channel.eventLoop()
                                        .schedule(() -> sendMessages(channel, left - 1), 2, TimeUnit.MILLISECONDS);
                            },
                            2,
                            TimeUnit.MILLISECONDS);
        }
    }
}
