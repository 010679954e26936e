package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.tcp.SegmentPolicy;
import dev.lastbyte.tcp.TcpOptions;
import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.OneConnection;
import dev.lastbyte.testing.RealSockets;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Policies, options and TCP states where Netty's native transports are not on the class path: nothing of them is loaded. */
@RealSockets
class NioOnlyIT {
    private static final Pattern NATIVE = Pattern.compile("netty-transport-(native|classes)-");

    @Test
    void policyAndOptions_withoutTheNativeTransports_workOnNio() throws Exception {
        try (ChildJvm child = ChildJvm.without(NATIVE, Child.class)) {
            assertEquals(
                    "TCP_CORK: not available on nio (expected: another transport, or skipUnsupported())",
                    child.await("refused"));
            assertEquals("true", child.await("states"));
            String options = child.await("options");
            assertTrue(options.startsWith("nio{TCP_NODELAY=on, ") && options.contains("TCP_KEEPIDLE=61 s"), options);
        }
    }

    /** The process. Stateless. */
    static final class Child {
        private Child() {}

        @SuppressWarnings("deprecation")
        public static void main(String[] arguments) throws Exception {
            try {
                Class.forName("io.netty.channel.unix.IntegerUnixChannelOption");
                throw new IllegalStateException("the native transports are there");
            } catch (ClassNotFoundException expected) {
                run();
            }
        }

        @SuppressWarnings("deprecation")
        private static void run() throws Exception {
            EventLoopGroup group = new NioEventLoopGroup(1, new DefaultThreadFactory("nio", true));
            Channel listener = TcpOptions.builder()
                    .keepIdle(java.time.Duration.ofSeconds(61))
                    .build()
                    .applyTo(new ServerBootstrap(), NioServerSocketChannel.class)
                    .group(group)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel ch) {
                            ch.pipeline().addFirst(new GracefulCloseHandler());
                            SegmentPolicy.CORK.applyTo(ch);
                            ch.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                                @Override
                                public void channelActive(ChannelHandlerContext ctx) {
                                    System.out.println("options " + TcpOptions.effective(ctx.channel()));
                                    ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[1]));
                                    ctx.channel().close();
                                }
                            });
                        }
                    })
                    .bind(InetAddress.getLoopbackAddress(), 0)
                    .sync()
                    .channel();
            TcpOptions cork = TcpOptions.builder().cork(true).build();
            try {
                cork.applyTo(new Bootstrap(), NioSocketChannel.class);
            } catch (UnsupportedOperationException e) {
                System.out.println("refused " + e.getMessage());
                System.out.println(
                        "states " + TcpInfo.isFinUnacknowledged(TcpInfo.LAST_ACK)); // the table of sockets asks
            }
            OneConnection.awaitClosed(group, listener.localAddress());
        }
    }
}
