package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalServerChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
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

    /** Its queue shows no byte to us, and its socket is not its own: refused rather than waited for. */
    @Test
    void quicStream_isRefused_withWhatToDo() {
        QuicStream stream = new QuicStream();
        stream.pipeline().addFirst(new GracefulCloseHandler());
        Throwable refusal =
                assertThrows(Exception.class, stream::checkException).getCause();
        assertTrue(
                String.valueOf(refusal.getMessage()).contains("end a stream with shutdownOutput()"), refusal::toString);
        assertNull(stream.pipeline().get(GracefulCloseHandler.class));
        stream.close();
    }

    private static final class QuicStream extends EmbeddedChannel implements QuicStreamChannel {}

    /** What an HTTP/2 stream does whose window is closed: nothing leaves, and nothing tells when it will. */
    @Test
    void channelThatTakesNothing_isLookedAtEverMoreRarely() {
        boolean[] takes = {false};
        EmbeddedChannel channel = new EmbeddedChannel(new GracefulCloseHandler()) {
            @Override
            protected void doWrite(ChannelOutboundBuffer in) throws Exception {
                if (takes[0]) {
                    super.doWrite(in);
                }
            }
        };
        channel.freezeTime();
        channel.writeAndFlush("held");
        channel.pipeline().close(); // EmbeddedChannel.close() would cancel the timers
        channel.runPendingTasks();
        int looks = 0;
        for (long passed = 0; passed < TimeUnit.SECONDS.toNanos(10); looks++) {
            long next = channel.runScheduledPendingTasks();
            assertTrue(next > 0, "nothing looks any more");
            channel.advanceTimeBy(next, TimeUnit.NANOSECONDS);
            passed += next;
        }
        assertTrue(looks < 60, looks + " looks within 10 s");
        assertTrue(channel.isOpen());
        takes[0] = true;
        channel.unsafe().flush();
        channel.advanceTimeBy(1, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
        assertFalse(channel.isOpen());
        assertEquals("held", channel.readOutbound());
    }
}
