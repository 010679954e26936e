package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.stream.ChunkedStream;
import io.netty.handler.stream.ChunkedWriteHandler;
import io.netty.handler.traffic.ChannelTrafficShapingHandler;
import java.io.ByteArrayInputStream;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Handlers that hold output back: closing from the write's promise, as they ask for, everything arrives. */
@RealSockets
class WriterHandlersIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final int LENGTH = 4 << 20;

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_afterChunkedInput_deliversEverything(Transports transport) throws Exception {
        expectWhole(transport, c -> c.pipeline().addLast(new ChunkedWriteHandler(), new Answer(ctx -> {
            var pattern = BytePattern.slice(ctx.alloc(), 0, LENGTH);
            byte[] bytes = new byte[LENGTH];
            pattern.readBytes(bytes).release();
            ctx.writeAndFlush(new ChunkedStream(new ByteArrayInputStream(bytes)))
                    .addListener(ChannelFutureListener.CLOSE);
        })));
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_afterShapedTraffic_deliversEverything(Transports transport) throws Exception {
        expectWhole(transport, c -> c.pipeline()
                .addLast(new ChannelTrafficShapingHandler(16 << 20, 0, 100), new Answer(ctx -> {
                    Answer.write(ctx, LENGTH - 1);
                    ctx.writeAndFlush(BytePattern.slice(ctx.alloc(), LENGTH - 1, 1))
                            .addListener(ChannelFutureListener.CLOSE);
                })));
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void close_behindFlushConsolidation_deliversEverything(Transports transport) throws Exception {
        expectWhole(transport, c -> c.pipeline()
                .addLast(new FlushConsolidationHandler(256, true), Answer.thenClose(LENGTH)));
    }

    private static void expectWhole(Transports transport, Consumer<Channel> handlers) throws Exception {
        try (TestServer server = TestServer.on(transport).handlers(handlers).start()) {
            TestServer.Close close = server.play(ScriptedPeer.CHATTY);
            assertTrue(close.peer().isWhole(LENGTH), close::toString);
        }
    }
}
