package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A relay that passes half-closes on: its two channels outlive each other's FIN by its own choice. */
@RealSockets
class RelayIT {
    private static final int LENGTH = 24 << 20;

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void relay_clientHalfClosesBehindItsRequest_answerArrivesWhole(Transports transport) throws Exception {
        try (TestServer origin = TestServer.on(transport)
                        .options(options -> options.childOption(ChannelOption.ALLOW_HALF_CLOSURE, true))
                        .handlers(c -> c.pipeline().addLast(new AnswersTheFin()))
                        .start();
                TestServer relay = relay(transport, origin.address())) {
            TestServer.Close close = relay.play(ScriptedPeer.HALF_CLOSES_FIRST);
            assertTrue(close.peer().isWhole(LENGTH), close::toString);
            assertEquals(0, close.report().unsentBytes());
            CloseReport back = origin.report(origin.accepted());
            assertEquals(0, back.unsentBytes(), back::toString);
        }
    }

    private static TestServer relay(Transports transport, SocketAddress origin) {
        return TestServer.on(transport)
                .options(options -> options.childOption(ChannelOption.ALLOW_HALF_CLOSURE, true))
                .handlers(front -> front.pipeline()
                        .addLast(new Copies(new Bootstrap()
                                .group(front.eventLoop())
                                .channel(transport.clientChannel())
                                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                                .option(ChannelOption.ALLOCATOR, front.alloc())
                                .handler(new ChannelInitializer<>() {
                                    @Override
                                    protected void initChannel(Channel back) {
                                        back.pipeline()
                                                .addLast(
                                                        new GracefulCloseHandler(),
                                                        new Copies(front.newSucceededFuture()));
                                    }
                                })
                                .connect(origin))))
                .start();
    }

    /** Copies what it reads to the other channel, the FIN too, and closes both when both sides have ended. */
    private static final class Copies extends ChannelInboundHandlerAdapter {
        private final ChannelFuture connected;
        private final Channel other;

        Copies(ChannelFuture connected) {
            this.connected = connected;
            other = connected.channel();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            if (!ctx.channel().hasAttr(Answer.PEER_ID) && bytes.readableBytes() == PeerRun.REQUEST) {
                ctx.channel().attr(Answer.PEER_ID).set(bytes.getInt(bytes.readerIndex()));
            }
            ctx.channel().config().setAutoRead(false);
            connected.addListener(c -> other.writeAndFlush(message)
                    .addListener(written -> ctx.channel().config().setAutoRead(true)));
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                connected.addListener(
                        c -> other.writeAndFlush(ctx.alloc().buffer(0)).addListener(written -> passFin(ctx.channel())));
            }
        }

        private void passFin(Channel from) {
            if (((DuplexChannel) other).isInputShutdown()) {
                other.close();
                from.close();
            } else {
                ((DuplexChannel) other).shutdownOutput();
            }
        }
    }

    /** Answers a while behind the FIN, and closes behind the answer. */
    private static final class AnswersTheFin extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                ctx.executor()
                        .schedule(
                                () -> ctx.writeAndFlush(BytePattern.slice(ctx.alloc(), 0, LENGTH))
                                        .addListener(ChannelFutureListener.CLOSE),
                                20,
                                TimeUnit.MILLISECONDS);
            }
        }
    }
}
