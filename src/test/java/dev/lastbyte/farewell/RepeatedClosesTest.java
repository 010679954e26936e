package dev.lastbyte.farewell;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.http.HttpFarewellHandler;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.Linear;
import dev.lastbyte.testing.NoLeaks;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a peer can make happen again and again takes time in proportion, and completes every promise. */
@ExtendWith({NoLeaks.class, NoWarnings.class})
class RepeatedClosesTest {
    private static EmbeddedDuplexChannel open(ChannelHandler... handlers) {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(new GracefulCloseHandler());
        channel.pipeline().addLast(handlers);
        return channel;
    }

    private static void closeAgain(EmbeddedDuplexChannel channel, int times) {
        List<ChannelFuture> closes = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            closes.add(channel.pipeline().close());
        }
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        assertFalse(channel.isOpen());
        assertTrue(closes.stream().allMatch(ChannelFuture::isSuccess));
    }

    @Test
    void closes_whileOneRuns() {
        Linear.assertLinear(100_000, times -> {
            EmbeddedDuplexChannel channel = open();
            channel.room(0);
            channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[10]));
            closeAgain(channel, times);
        });
    }

    @Test
    void closes_whileAFarewellAwaitsItsAnswer() {
        Linear.assertLinear(
                100_000,
                times -> closeAgain(open(new StringEncoder(), new FarewellHandler(new LineFarewell())), times));
    }

    @Test
    void closes_thatAreHeldBackForAnIdleHttpClient() {
        Linear.assertLinear(
                100_000, times -> closeAgain(open(new HttpServerCodec(), new HttpFarewellHandler()), times));
    }

    @Test
    void badLines_closedOnEach() {
        Linear.assertLinear(65_000, times -> {
            EmbeddedDuplexChannel channel = open(
                    new LineBasedFrameDecoder(1, false, true),
                    new StringDecoder(),
                    new StringEncoder(),
                    new FarewellHandler(new LineFarewell()),
                    new ChannelInboundHandlerAdapter() {
                        @Override
                        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                            assertEquals(TooLongFrameException.class, cause.getClass());
                            ctx.close();
                        }
                    });
            channel.pipeline().fireChannelRead(Unpooled.copiedBuffer("ab\n".repeat(times), US_ASCII));
            closeAgain(channel, 1);
        });
    }

    @Test
    void writes_thatFailAndClose() {
        Linear.assertLinear(80_000, times -> {
            EmbeddedDuplexChannel channel = open();
            channel.room(0);
            for (int i = 0; i < times; i++) {
                channel.write(Unpooled.wrappedBuffer(new byte[1])).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
            }
            channel.flush();
            channel.pipeline().close();
            for (int i = 0; i < times; i++) {
                channel.write(Unpooled.wrappedBuffer(new byte[1])).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
            }
            closeAgain(channel, 1);
        });
    }
}
