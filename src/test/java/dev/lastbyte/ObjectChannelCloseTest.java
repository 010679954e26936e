package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalServerChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Channels that carry objects: the peer gets what was written before the close, and nothing else. */
class ObjectChannelCloseTest {
    @Test
    void embeddedChannel_close_leavesOnlyWhatWasWritten() {
        EmbeddedChannel channel = new EmbeddedChannel(new GracefulCloseHandler());
        channel.write("unflushed");
        ChannelFuture close = channel.close();
        assertEquals("unflushed", channel.readOutbound());
        assertNull(channel.readOutbound());
        assertTrue(close.isSuccess());
        CloseReport report = GracefulCloseHandler.report(channel).getNow();
        assertEquals(CloseCause.HALF_CLOSE_UNSUPPORTED, report.cause());
        assertEquals(0, report.unsentBytes());
    }

    @Test
    void embeddedChannel_closeInTheListenerOfTheLastWrite_needsNoTime() {
        EmbeddedChannel channel = new EmbeddedChannel(new GracefulCloseHandler());
        channel.freezeTime();
        channel.writeAndFlush("last").addListener(ChannelFutureListener.CLOSE);
        channel.runPendingTasks();
        assertFalse(channel.isOpen());
        assertEquals("last", channel.readOutbound());
        assertNull(channel.readOutbound());
    }

    @Test
    void localChannel_close_handsThePeerOnlyWhatWasWritten() throws Exception {
        List<Object> received = new CopyOnWriteArrayList<>();
        EventLoopGroup group = Transports.newLocalGroup();
        try {
            Channel listener = new ServerBootstrap()
                    .group(group)
                    .channel(LocalServerChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(new GracefulCloseHandler(), new ChannelInboundHandlerAdapter() {
                                @Override
                                public void channelActive(ChannelHandlerContext ctx) {
                                    ctx.write("first");
                                    ctx.writeAndFlush("last").addListener(ChannelFutureListener.CLOSE);
                                }
                            });
                        }
                    })
                    .bind(new LocalAddress(ObjectChannelCloseTest.class.getName()))
                    .syncUninterruptibly()
                    .channel();
            Channel client = new Bootstrap()
                    .group(group)
                    .channel(LocalChannel.class)
                    .handler(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext ctx, Object message) {
                            received.add(message);
                        }
                    })
                    .connect(listener.localAddress())
                    .syncUninterruptibly()
                    .channel();
            assertTrue(client.closeFuture().await(TestServer.PATIENCE_SECONDS, TimeUnit.SECONDS));
            assertEquals(List.of("first", "last"), received);
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
