package dev.lastbyte.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.testing.TestTls;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.traffic.AbstractTrafficShapingHandler;
import io.netty.handler.traffic.ChannelTrafficShapingHandler;
import io.netty.handler.traffic.GlobalChannelTrafficShapingHandler;
import io.netty.handler.traffic.GlobalTrafficShapingHandler;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is known of a pipeline with handlers of netty-handler. */
class OptionalHandlersTest {
    static Stream<Arguments> handshakes() {
        return Stream.of(
                Arguments.of(new ChannelInboundHandlerAdapter(), false),
                Arguments.of(new SniHandler(name -> null), true),
                Arguments.of(TestTls.server().newHandler(UnpooledByteBufAllocator.DEFAULT), true));
    }

    static Stream<Arguments> shapers() {
        return Stream.of(
                shaper("channel", executor -> new ChannelTrafficShapingHandler(1, 0, 0)),
                shaper("global", executor -> new GlobalTrafficShapingHandler(executor, 1, 0, 0)),
                shaper("both", executor -> new GlobalChannelTrafficShapingHandler(executor, 1, 0, 1, 0, 0)));
    }

    private static Arguments shaper(
            String name, Function<ScheduledExecutorService, AbstractTrafficShapingHandler> maker) {
        return Arguments.of(name, maker);
    }

    @ParameterizedTest
    @MethodSource("handshakes")
    void handshake_notDone_isUnderWay(ChannelHandler handler, boolean expected) {
        EmbeddedChannel channel = new EmbeddedChannel(handler);
        assertEquals(expected, OptionalHandlers.isTlsHandshaking(channel));
        channel.finishAndReleaseAll();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("shapers")
    void shaper_withMoreThanItMaySend_holdsOutput(
            String name, Function<ScheduledExecutorService, AbstractTrafficShapingHandler> maker) {
        ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
        AbstractTrafficShapingHandler shaper = maker.apply(executor);
        try {
            EmbeddedChannel channel = new EmbeddedChannel(shaper);
            assertEquals(false, OptionalHandlers.isOutputShaped(channel));
            for (int i = 0; i < 3; i++) {
                channel.writeOneOutbound(Unpooled.wrappedBuffer(new byte[1000]));
            }
            assertEquals(true, OptionalHandlers.isOutputShaped(channel));
            channel.close();
            channel.finishAndReleaseAll();
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void pipeline_withoutSuchHandlers_knowsNothing() {
        EmbeddedChannel channel = new EmbeddedChannel();
        assertEquals(false, OptionalHandlers.isTlsHandshaking(channel) || OptionalHandlers.isOutputShaped(channel));
    }
}
