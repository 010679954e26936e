package dev.lastbyte.auto;

import static dev.lastbyte.auto.HttpApplication.BODY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.http.HttpFarewellHandler;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.Transports;
import dev.lastbyte.websocket.WebSocketFarewellConfig;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.OptionalSslHandler;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** HTTP/1.1 gets its farewell wherever its codec comes from, and a drain in the middle of traffic loses nothing. */
@RealSockets
class FarewellsHttpIT {
    private static final String PROXY = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";

    /** A way to HTTP/1.1. */
    enum Form {
        CODEC {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                add(pipeline, server, new io.netty.handler.codec.http.HttpServerCodec());
            }
        },
        DECODER_AND_ENCODER {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                pipeline.addLast(new HttpResponseEncoder());
                add(pipeline, server, new HttpRequestDecoder());
            }
        },
        COPY_OF_THE_CODEC {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                add(pipeline, server, new HttpServerCodec());
            }
        },
        TLS {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                pipeline.addLast(SERVER_TLS.newHandler(pipeline.channel().alloc()));
                add(pipeline, server, new io.netty.handler.codec.http.HttpServerCodec());
            }
        },
        SNI {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                pipeline.addLast(new SniHandler((host, promise) -> promise.setSuccess(SERVER_TLS)));
                add(pipeline, server, new io.netty.handler.codec.http.HttpServerCodec());
            }
        },
        ALPN {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                pipeline.addLast(ALPN_TLS.newHandler(pipeline.channel().alloc()));
                pipeline.addLast(new ApplicationProtocolNegotiationHandler(ApplicationProtocolNames.HTTP_1_1) {
                    @Override
                    protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
                        assertEquals(ApplicationProtocolNames.HTTP_1_1, protocol);
                        add(ctx.pipeline(), server, new io.netty.handler.codec.http.HttpServerCodec());
                    }
                });
            }
        },
        /** The first request comes in the same read as the end of the handshake. */
        ALPN_AT_ONCE {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                ALPN.fill(pipeline, server);
            }
        },
        PROXY_IN_FRONT {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                pipeline.addLast(new HAProxyMessageDecoder());
                pipeline.addLast(new SimpleChannelInboundHandler<HAProxyMessage>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext ctx, HAProxyMessage message) {
                        assertEquals("192.0.2.1", message.sourceAddress());
                    }
                });
                add(pipeline, server, new io.netty.handler.codec.http.HttpServerCodec());
            }
        },
        /** The codec is added when the header has come, with the request behind it. */
        PROXY_THEN_CODEC {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                pipeline.addLast(new HAProxyMessageDecoder());
                pipeline.addLast(new SimpleChannelInboundHandler<HAProxyMessage>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext ctx, HAProxyMessage message) {
                        add(ctx.pipeline(), server, new io.netty.handler.codec.http.HttpServerCodec());
                        ctx.pipeline().remove(this);
                    }
                });
            }
        },
        /** The same, but the header comes alone: no request has gone by when the farewell is added. */
        PROXY_ALONE_THEN_CODEC {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                PROXY_THEN_CODEC.fill(pipeline, server);
            }
        },
        PORT_UNIFICATION {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                pipeline.addLast(new FirstBytes(true, server));
            }
        },
        PORT_UNIFICATION_IN_BETWEEN {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                pipeline.addLast(new FirstBytes(false, server), new ChannelInboundHandlerAdapter());
            }
        },
        OPTIONAL_TLS_CLEAR {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                pipeline.addLast(new OptionalSslHandler(SERVER_TLS));
                add(pipeline, server, new io.netty.handler.codec.http.HttpServerCodec());
            }
        },
        OPTIONAL_TLS {
            @Override
            void fill(ChannelPipeline pipeline, FarewellServer server) {
                OPTIONAL_TLS_CLEAR.fill(pipeline, server);
            }
        };

        abstract void fill(ChannelPipeline pipeline, FarewellServer server);

        boolean isTls() {
            return this == TLS || this == SNI || this == ALPN || this == ALPN_AT_ONCE || this == OPTIONAL_TLS;
        }

        /** Connects and sends the first request. */
        Wire ask(FarewellServer server, String request) throws IOException {
            switch (this) {
                case ALPN_AT_ONCE -> {
                    Wire.HeldSocket socket = new Wire.HeldSocket();
                    Wire wire = Wire.heldTls(socket, server.address(), "http/1.1");
                    wire.send(request);
                    socket.let();
                    return wire;
                }
                case PROXY_IN_FRONT, PROXY_THEN_CODEC -> {
                    Wire wire = Wire.clear(server.address());
                    wire.send(PROXY + request);
                    return wire;
                }
                case PROXY_ALONE_THEN_CODEC -> {
                    Wire wire = Wire.clear(server.address());
                    wire.send(PROXY);
                    server.awaitFarewells(++connected);
                    wire.send(request);
                    return wire;
                }
                default -> {
                    Wire wire = isTls() ? Wire.tls(server.address(), "http/1.1") : Wire.clear(server.address());
                    wire.send(request);
                    return wire;
                }
            }
        }

        private int connected;
    }

    private static final Farewells QUICK = Farewells.builder()
            .http(HttpFarewellConfig.builder()
                    .minIdleProtection(Duration.ofMillis(50))
                    .build())
            .http2()
            .webSocket(WebSocketFarewellConfig.defaults())
            .build();
    private static final SslContext SERVER_TLS = TestTls.server();
    private static final SslContext ALPN_TLS = TestTls.http2Server();

    /** What a framework has that copies Netty's codec. */
    private static final class HttpServerCodec
            extends CombinedChannelDuplexHandler<HttpRequestDecoder, HttpResponseEncoder> {
        HttpServerCodec() {
            super(new HttpRequestDecoder(), new HttpResponseEncoder());
        }
    }

    /** Chooses the codec by the first bytes, and gives it these bytes in the same call. */
    private static final class FirstBytes extends ByteToMessageDecoder {
        private final boolean atTheEnd;
        private final FarewellServer server;

        FirstBytes(boolean atTheEnd, FarewellServer server) {
            this.atTheEnd = atTheEnd;
            this.server = server;
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
            if (in.readableBytes() < 5) {
                return;
            }
            if (atTheEnd) {
                add(ctx.pipeline(), server, new io.netty.handler.codec.http.HttpServerCodec());
            } else {
                ctx.pipeline().addAfter(ctx.name(), "application", new HttpApplication(server));
                ctx.pipeline().addAfter(ctx.name(), "aggregator", new HttpObjectAggregator(1000));
                ctx.pipeline().addAfter(ctx.name(), "codec", new io.netty.handler.codec.http.HttpServerCodec());
            }
            ctx.pipeline().remove(this);
        }
    }

    private static void add(ChannelPipeline pipeline, FarewellServer server, io.netty.channel.ChannelHandler codec) {
        pipeline.addLast(
                codec, new HttpServerKeepAliveHandler(), new HttpObjectAggregator(1000), new HttpApplication(server));
    }

    static Stream<Arguments> forms() {
        Stream<Arguments> onEpoll = Stream.of(Form.values()).map(form -> Arguments.of(form, Transports.EPOLL));
        Stream<Arguments> onOthers = Stream.of(Form.CODEC, Form.ALPN_AT_ONCE, Form.PORT_UNIFICATION)
                .flatMap(form -> Stream.of(Transports.NIO, Transports.IO_URING).map(t -> Arguments.of(form, t)));
        return Stream.concat(onEpoll, onOthers);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void drainInTheMiddle_losesNothing(Form form, Transports transport) throws Exception {
        form.connected = 0;
        List<Wire> wires = new ArrayList<>();
        try (FarewellServer server =
                new FarewellServer(transport, QUICK, (channel, s) -> form.fill(channel.pipeline(), s))) {
            Wire idle = add(wires, form.ask(server, Wire.get("/now")));
            idle.readTo(BODY);
            Wire headOnly = add(wires, form.ask(server, "HEAD /now HTTP/1.1\r\nHost: x\r\n\r\n"));
            headOnly.readTo("\r\n\r\n");
            Wire first = add(wires, form.ask(server, Wire.get("/hold")));
            server.awaitHeld(1);
            Wire second = add(wires, form.ask(server, Wire.get("/now")));
            second.readTo(BODY);
            second.send(Wire.get("/hold"));
            server.awaitHeld(2);
            Wire parts = add(wires, form.ask(server, Wire.get("/parts")));
            parts.readTo(BODY.substring(0, 3));
            server.awaitHeld(3);
            server.awaitNoSearch();
            assertEquals(5, server.count(HttpFarewellHandler.class));

            CompletableFuture<DrainReport> drain = server.drain();
            assertEquals("", idle.readToEnd());
            assertEquals("", headOnly.readToEnd());
            server.release();

            for (Wire busy : List.of(first, second)) {
                String answer = busy.readToEnd();
                assertTrue(answer.contains("connection: close\r\n") && answer.endsWith("\r\n\r\n" + BODY), answer);
            }
            String rest = BODY.substring(3);
            assertEquals("\r\n" + rest.length() + "\r\n" + rest + "\r\n0\r\n\r\n", parts.readToEnd());
            FarewellServer.lossless(drain);
            assertEquals(
                    List.of("INFO HTTP/1.1 " + (form.isTls() ? "over TLS " : "") + "on ADDRESS: farewell installed"),
                    server.stopLog());
            assertTrue(
                    server.events.stream()
                            .noneMatch(event -> event.getClass().getName().startsWith("dev.lastbyte")),
                    server.events::toString);
        } finally {
            for (Wire wire : wires) {
                wire.close();
            }
        }
    }

    private static Wire add(List<Wire> wires, Wire wire) {
        wires.add(wire);
        return wire;
    }
}
