package dev.lastbyte.auto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.farewell.Farewell;
import dev.lastbyte.farewell.FarewellHandler;
import dev.lastbyte.http.HttpFarewellHandler;
import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link Farewells} says of listeners, what it leaves alone, and that it needs no codec on the class path. */
@RealSockets
class FarewellsIT {
    private static void addLines(ChannelPipeline pipeline) {
        pipeline.addLast(new LineBasedFrameDecoder(100), new StringDecoder(), new StringEncoder());
    }

    /** Confined to the channel's event loop. */
    private static final class EchoLines extends SimpleChannelInboundHandler<String> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, String line) {
            ctx.writeAndFlush(line + "\n");
        }
    }

    @Test
    void unknownProtocol_isOneWarning() throws Exception {
        NoWarnings.expect("a protocol for which no farewell was found; its handlers are \\[GracefulCloseHandler,"
                + " LineBasedFrameDecoder, StringDecoder, StringEncoder, EchoLines\\]");
        try (FarewellServer server = new FarewellServer(Transports.EPOLL, Farewells.auto(), (channel, s) -> {
            addLines(channel.pipeline());
            channel.pipeline().addLast(new EchoLines());
        })) {
            for (int i = 0; i < 3; i++) {
                try (Wire wire = Wire.clear(server.address())) {
                    for (int line = 0; line < 20; line++) {
                        wire.send("hello\n");
                        wire.readTo("hello\n");
                    }
                    server.awaitNoSearch();
                }
            }
            assertEquals(
                    1,
                    server.stopLog().stream()
                            .filter(line -> line.startsWith("WARN"))
                            .count());
        }
    }

    @Test
    void silentAndBrokenConnections_areNoNews() throws Exception {
        try (FarewellServer server =
                new FarewellServer(Transports.EPOLL, Farewells.auto(), (channel, s) -> addLines(channel.pipeline()))) {
            Wire.clear(server.address()).close();
            try (Wire wire = Wire.clear(server.address())) {
                wire.send("hel");
            }
            server.drain().join();
            assertEquals(List.of(), server.stopLog());
        }
    }

    @Test
    void farewellOfTheApplication_stays() throws Exception {
        try (FarewellServer server =
                        new FarewellServer(Transports.EPOLL, Farewells.auto(), (channel, s) -> channel.pipeline()
                                .addLast(new HttpServerCodec(), new HttpFarewellHandler())
                                .addLast(new HttpObjectAggregator(1000), new HttpApplication(s)));
                Wire wire = Wire.clear(server.address())) {
            wire.send(Wire.get("/now"));
            wire.readTo(HttpApplication.BODY);
            assertEquals(1, server.count(HttpFarewellHandler.class));
            assertEquals(0, server.count(CodecSearch.Watch.class));
            assertEquals(List.of(), server.stopLog());
        }
    }

    @Test
    void farewellOfAnotherProtocol_isNoWarning() throws Exception {
        Farewell bye = new Farewell() {
            @Override
            public String protocol() {
                return "line";
            }

            @Override
            public boolean say(ChannelHandlerContext ctx) {
                ctx.writeAndFlush("BYE\n");
                return false;
            }

            @Override
            public boolean isAnswer(Object message) {
                return false;
            }
        };
        try (FarewellServer server = new FarewellServer(Transports.EPOLL, Farewells.auto(), (channel, s) -> {
                    addLines(channel.pipeline());
                    channel.pipeline().addLast(new FarewellHandler(bye), new EchoLines());
                });
                Wire wire = Wire.clear(server.address())) {
            wire.send("hello\n");
            wire.readTo("hello\n");
            assertEquals(0, server.count(CodecSearch.Watch.class));
            assertTrue(server.connections.stream()
                    .allMatch(channel -> channel.pipeline().get(FarewellHandler.class) != null));
            assertEquals(List.of(), server.stopLog());
        }
    }

    /** Without HTTP/2, without any HTTP, without TLS: what is there works. */
    @ParameterizedTest
    @ValueSource(strings = {"netty-codec-http2-", "netty-codec-http", "netty-handler-\\d", "netty-all-"})
    void classPath_withoutOptionalJars_serves(String missing) throws Exception {
        try (ChildJvm child = ChildJvm.without(Pattern.compile(missing), FarewellsChild.class)) {
            String expected = missing.equals("netty-codec-http") ? "nothing" : "connection: close";
            assertEquals(expected, child.await("farewell"));
        }
    }
}
