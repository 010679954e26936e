package dev.lastbyte.auto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.http.HttpFarewellHandler;
import dev.lastbyte.http2.Http2FarewellHandler;
import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.Http2Frames;
import dev.lastbyte.testing.Http2Frames.Frame;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerUpgradeHandler;
import io.netty.handler.codec.http2.CleartextHttp2ServerUpgradeHandler;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2ServerUpgradeCodec;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** HTTP/2 gets its farewell however the connection comes to it, and a drain in the middle of a stream loses nothing. */
@RealSockets
class FarewellsHttp2IT {
    private static final SslContext TLS = TestTls.http2Server();
    private static final int BYTES = 1000;
    private static final String PATH = "/" + BYTES + "/300";

    /** A way to HTTP/2. */
    enum Form {
        CODEC("HTTP/2 on"),
        CONNECTION_HANDLER("HTTP/2 on"),
        ALPN("HTTP/2 over TLS on"),
        ALPN_AT_ONCE("HTTP/2 over TLS on"),
        PRIOR_KNOWLEDGE("HTTP/2 on"),
        UPGRADE("HTTP/2 on");

        private final String news;

        Form(String news) {
            this.news = news;
        }

        void fill(Channel channel, Runnable onRequest, FarewellServer server) {
            ChannelPipeline pipeline = channel.pipeline();
            switch (this) {
                case CODEC -> addHttp2(pipeline, Http2Answers.MULTIPLEX, onRequest);
                case CONNECTION_HANDLER -> addHttp2(pipeline, Http2Answers.CONNECTION_HANDLER, onRequest);
                case ALPN, ALPN_AT_ONCE ->
                    pipeline.addLast(TLS.newHandler(channel.alloc()), new Alpn(onRequest, server));
                case PRIOR_KNOWLEDGE, UPGRADE -> addClearText(pipeline, onRequest, server);
            }
        }

        /** Connects, and asks for an answer on stream 1. */
        Wire ask(FarewellServer server) throws IOException {
            byte[] request = Http2Frames.concat(Http2Frames.preface(), Http2Frames.request(1, PATH, true));
            switch (this) {
                case CODEC, CONNECTION_HANDLER, PRIOR_KNOWLEDGE -> {
                    Wire wire = Wire.clear(server.address());
                    wire.send(request);
                    return wire;
                }
                case ALPN -> {
                    Wire wire = Wire.tls(server.address(), "h2");
                    wire.send(request);
                    return wire;
                }
                case ALPN_AT_ONCE -> {
                    Wire.HeldSocket socket = new Wire.HeldSocket();
                    Wire wire = Wire.heldTls(socket, server.address(), "h2");
                    wire.send(request);
                    socket.let();
                    return wire;
                }
                case UPGRADE -> {
                    Wire wire = Wire.clear(server.address());
                    wire.send("GET " + PATH + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                            + "Upgrade: h2c\r\nHTTP2-Settings: \r\n\r\n");
                    assertTrue(wire.readTo("\r\n\r\n").startsWith("HTTP/1.1 101 "));
                    wire.send(Http2Frames.preface());
                    return wire;
                }
                default -> throw new IllegalStateException();
            }
        }
    }

    private static void addHttp2(ChannelPipeline pipeline, Http2Answers answers, Runnable onRequest) {
        pipeline.addLast(answers.newCodec(onRequest));
        answers.newHandlers(onRequest).forEach(pipeline::addLast);
        pipeline.addLast(Http2Answers.newResetSink());
    }

    private static void addClearText(ChannelPipeline pipeline, Runnable onRequest, FarewellServer server) {
        HttpServerCodec http1 = new HttpServerCodec();
        HttpServerUpgradeHandler upgrade = new HttpServerUpgradeHandler(
                http1,
                protocol -> {
                    List<ChannelHandler> behind = new ArrayList<>(Http2Answers.MULTIPLEX.newHandlers(onRequest));
                    behind.add(Http2Answers.newResetSink());
                    return new Http2ServerUpgradeCodec(
                            (Http2FrameCodec) Http2Answers.MULTIPLEX.newCodec(onRequest),
                            behind.toArray(ChannelHandler[]::new));
                },
                1 << 16);
        pipeline.addLast(new CleartextHttp2ServerUpgradeHandler(http1, upgrade, new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel priorKnowledge) {
                addHttp2(priorKnowledge.pipeline(), Http2Answers.MULTIPLEX, onRequest);
            }
        }));
        pipeline.addLast(new HttpObjectAggregator(1000), new HttpApplication(server));
    }

    /** Chooses by ALPN. Confined to the channel's event loop. */
    private static final class Alpn extends ApplicationProtocolNegotiationHandler {
        private final Runnable onRequest;
        private final FarewellServer server;

        Alpn(Runnable onRequest, FarewellServer server) {
            super(ApplicationProtocolNames.HTTP_1_1);
            this.onRequest = onRequest;
            this.server = server;
        }

        @Override
        protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
            if (protocol.equals(ApplicationProtocolNames.HTTP_2)) {
                addHttp2(ctx.pipeline(), Http2Answers.MULTIPLEX, onRequest);
            } else {
                ctx.pipeline()
                        .addLast(new HttpServerCodec(), new HttpObjectAggregator(1000), new HttpApplication(server));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void drainInTheMiddle_losesNothing(Form form) throws Exception {
        AtomicInteger requests = new AtomicInteger();
        try (FarewellServer server = new FarewellServer(
                        Transports.EPOLL,
                        Farewells.auto(),
                        (channel, s) -> form.fill(channel, requests::incrementAndGet, s));
                Wire wire = form.ask(server)) {
            Eventually.await("the request", () -> requests.get() == 1);
            server.awaitNoSearch();
            assertEquals(1, server.count(Http2FarewellHandler.class));
            assertEquals(0, server.count(HttpFarewellHandler.class));

            CompletableFuture<DrainReport> drain = server.drain();
            List<Frame> frames = readToEnd(wire);

            assertEquals(
                    List.of(Integer.MAX_VALUE, 1),
                    frames.stream()
                            .filter(frame -> frame.type() == Http2Frames.GOAWAY)
                            .map(Frame::number)
                            .toList(),
                    frames::toString);
            int bytes = 0;
            for (Frame frame : frames) {
                if (frame.type() == Http2Frames.DATA) {
                    assertTrue(BytePattern.matches(frame.payload(), frame.payload().length, bytes));
                    bytes += frame.payload().length;
                }
            }
            assertEquals(BYTES, bytes);
            FarewellServer.lossless(drain);
            assertEquals(List.of("INFO " + form.news + " ADDRESS: farewell installed"), server.stopLog());
        }
    }

    /** The other protocol of the same listener. */
    @ParameterizedTest
    @EnumSource(names = {"PRIOR_KNOWLEDGE", "ALPN"})
    void http1OnTheSameListener_hasItsOwnFarewell(Form form) throws Exception {
        try (FarewellServer server = new FarewellServer(
                        Transports.EPOLL, Farewells.auto(), (channel, s) -> form.fill(channel, () -> {}, s));
                Wire wire = form == Form.ALPN ? Wire.tls(server.address(), "http/1.1") : Wire.clear(server.address())) {
            wire.send(Wire.get("/hold"));
            server.awaitHeld(1);
            server.awaitNoSearch();
            assertEquals(1, server.count(HttpFarewellHandler.class));
            CompletableFuture<DrainReport> drain = server.drain();
            server.release();
            assertTrue(wire.readToEnd().contains("connection: close\r\n"));
            FarewellServer.lossless(drain);
        }
    }

    /** A client that acknowledges what it must, and closes at the end. */
    private static List<Frame> readToEnd(Wire wire) throws IOException {
        List<Frame> frames = new ArrayList<>();
        ByteBuffer unread = ByteBuffer.allocate(1 << 16);
        byte[] input = new byte[1 << 12];
        for (int count = wire.read(input); count >= 0; count = wire.read(input)) {
            unread.put(input, 0, count);
            List<Frame> fresh = new ArrayList<>();
            Http2Frames.split(unread, fresh::add);
            for (Frame frame : fresh) {
                if (frame.type() == Http2Frames.SETTINGS && !frame.isAck()) {
                    wire.send(Http2Frames.settingsAck());
                } else if (frame.type() == Http2Frames.PING && !frame.isAck()) {
                    wire.send(Http2Frames.pingAck(frame.payload()));
                }
            }
            frames.addAll(fresh);
        }
        wire.close();
        return frames;
    }
}
