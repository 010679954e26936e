package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.OneConnection;
import dev.lastbyte.testing.RealSockets;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Closes and drains where netty-transport is all there is: without TLS, codecs and native transports. */
@RealSockets
class TransportOnlyIT {
    private static final Pattern OPTIONAL =
            Pattern.compile("netty-(handler|codec|transport-(native|classes)|tcnative)");

    @Test
    void closeAndDrain_withoutTlsAndCodecs_work() throws Exception {
        try (ChildJvm child = ChildJvm.without(OPTIONAL, Child.class)) {
            assertEquals("io.netty.handler.ssl.SslHandler", child.await("missing"));
            assertEquals("UNCONFIRMED, EOF", child.await("closed")); // NIO cannot ask the kernel
            assertEquals("COMPLETE", child.await("drained"));
        }
    }

    /** The process. Stateless. */
    static final class Child {
        private Child() {}

        @SuppressWarnings("deprecation")
        public static void main(String[] arguments) throws Exception {
            try {
                Class.forName("io.netty.handler.ssl.SslHandler");
                throw new IllegalStateException("netty-handler is there");
            } catch (ClassNotFoundException expected) {
                System.out.println("missing " + expected.getMessage());
            }
            EventLoopGroup group = new NioEventLoopGroup(1, new DefaultThreadFactory("nio", true));
            GracefulCloseManager manager = GracefulCloseManager.create();
            Channel listener = new ServerBootstrap()
                    .group(group)
                    .channel(NioServerSocketChannel.class)
                    .childHandler(manager.childHandler(new Answer()))
                    .bind(InetAddress.getLoopbackAddress(), 0)
                    .sync()
                    .channel();
            manager.manage(listener);
            OneConnection.awaitClosed(group, listener.localAddress());
            System.out.println(
                    "drained " + manager.drain().get(30, TimeUnit.SECONDS).outcome());
        }
    }

    /** Sends one byte and closes. Stateless. */
    private static final class Answer extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel ch) {
            ch.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelActive(ChannelHandlerContext ctx) {
                    ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[1]));
                    CloseOverride.of(c -> c.closeListener((channel, report) ->
                                    System.out.println("closed " + report.outcome() + ", " + report.cause())))
                            .close(ctx.channel());
                }
            });
        }
    }
}
