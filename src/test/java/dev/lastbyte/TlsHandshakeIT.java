package dev.lastbyte;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.TlsKind;
import dev.lastbyte.testing.TlsPeer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OptionalSslHandler;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Closes before TLS is up. All limits are longer than a test may take: what ends, ends for another reason. */
@RealSockets
class TlsHandshakeIT {
    private static final String SOME = "dev.lastbyte.testing.TlsKind#onSome";
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int ANSWER = 1000;
    private static final GracefulCloseConfig PATIENT = patient(CloseStrategy.FULL);

    @ParameterizedTest
    @MethodSource(SOME)
    void close_silentPeer_endsAtOnceInOrder(Transports transport, TlsKind kind) throws Exception {
        try (TestServer server = start(transport, kind);
                PeerSocket peer = server.connect()) {
            assertRefused(server, server.accepted(), TlsEnd.NOT_SEEN);
            readToEof(peer);
        }
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void close_inTheMiddleOfAClientHello_endsAtOnceInOrder(Transports transport, TlsKind kind) throws Exception {
        try (TestServer server = start(transport, kind);
                PeerSocket peer = server.connect()) {
            byte[] hello = clientHello();
            peer.write(hello, hello.length / 2);
            assertRefused(server, server.accepted(), TlsEnd.NOT_SEEN);
            readToEof(peer);
        }
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void close_inTheMiddleOfTheHandshake_endsAtOnceInOrder(Transports transport, TlsKind kind) throws Exception {
        try (TestServer server = start(transport, kind);
                PeerSocket peer = server.connect()) {
            byte[] hello = clientHello();
            peer.write(hello, hello.length);
            assertEquals(1, peer.read(new byte[1], 1)); // the server has answered
            assertRefused(server, server.accepted(), TlsEnd.NOT_SEEN);
            readToEof(peer);
        }
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void garbage_isRefusedInOrder(Transports transport, TlsKind kind) throws Exception {
        try (TestServer server = start(transport, kind, GracefulCloseConfig.defaults());
                PeerSocket peer = server.connect()) {
            byte[] clear = "GET / HTTP/1.0\r\n\r\n".getBytes(US_ASCII);
            peer.write(clear, clear.length);
            CloseReport report = server.report(server.accepted()); // nobody but SslHandler closes
            assertEquals(CloseCause.TLS_HANDSHAKE, report.cause());
            readToEof(peer);
        }
    }

    /** Closing over unread input would reset the connection. */
    @ParameterizedTest
    @MethodSource(TCP)
    void close_unreadInput_isReadFirst(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                        .config(PATIENT)
                        .tls(TlsKind.JDK_TLS13)
                        .options(b -> b.childOption(ChannelOption.AUTO_READ, false))
                        .start();
                PeerSocket peer = server.connect()) {
            byte[] waiting = new byte[64 * 1024];
            peer.write(waiting, waiting.length);
            Channel channel = server.accepted();
            channel.close();
            assertEquals(waiting.length, server.report(channel).discardedBytes());
            readToEof(peer);
        }
    }

    /** In TLS 1.3 a client takes itself for accepted, and sends its request, before it learns that it is not. */
    @ParameterizedTest
    @MethodSource(TCP)
    void clientWithoutCertificate_isRefusedWithoutReset(Transports transport) throws Exception {
        SslContext context = TestTls.build(
                b -> b.sslProvider(SslProvider.JDK).protocols("TLSv1.3").clientAuth(ClientAuth.REQUIRE));
        try (TestServer server = TestServer.on(transport)
                        .config(GracefulCloseConfig.defaults())
                        .handlers(c -> c.pipeline().addLast(context.newHandler(c.alloc()), new Quiet()))
                        .start();
                TlsPeer peer = TlsPeer.connect(server.address()).handshake()) {
            peer.write(new byte[100]);
            peer.readRaw(); // a reset would be an exception
            peer.fin();
            assertEquals(
                    CloseCause.TLS_HANDSHAKE, server.report(server.accepted()).cause());
        }
    }

    @ParameterizedTest
    @EnumSource(CloseStrategy.class)
    void close_anyStrategyThatWaits_endsAtOnce(CloseStrategy strategy) throws Exception {
        try (TestServer server = TestServer.on(Transports.EPOLL)
                        .config(patient(strategy))
                        .tls(TlsKind.JDK_TLS13)
                        .start();
                PeerSocket peer = server.connect()) {
            Channel channel = server.accepted();
            channel.close();
            CloseCause expected =
                    strategy == CloseStrategy.HALF_CLOSE ? CloseCause.NOT_AWAITED : CloseCause.TLS_HANDSHAKE;
            assertEquals(expected, server.report(channel).cause());
            readToEof(peer);
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void sniHandler_beforeTheClientHello_endsAtOnce(Transports transport) throws Exception {
        try (TestServer server = behind(transport, context -> new SniHandler(name -> context, 0L));
                PeerSocket peer = server.connect()) {
            assertRefused(server, server.accepted(), TlsEnd.NOT_SEEN);
            readToEof(peer);
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void sniHandler_replacedByTls_isReportedAsTls(Transports transport) throws Exception {
        try (TestServer server = behind(transport, context -> new SniHandler(name -> context, 0L))) {
            assertEquals(Optional.of(TlsEnd.CLOSE_NOTIFY), endOfTlsPeer(server));
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void optionalSslHandler_peerSpeaksTls_isReportedAsTls(Transports transport) throws Exception {
        try (TestServer server = behind(transport, context -> new OptionalSslHandler(context))) {
            assertEquals(Optional.of(TlsEnd.CLOSE_NOTIFY), endOfTlsPeer(server));
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void optionalSslHandler_peerSpeaksClearText_isReportedWithoutTls(Transports transport) throws Exception {
        try (TestServer server = behind(transport, context -> new OptionalSslHandler(context));
                PeerSocket peer = server.connect()) {
            byte[] request = "hello".repeat(20).getBytes(US_ASCII);
            peer.write(request, request.length);
            assertEquals(ANSWER, readToEof(peer));
            peer.shutdownOutput();
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseCause.EOF, report.cause());
            assertEquals(Optional.empty(), report.tlsEnd());
        }
    }

    /** STARTTLS as it should be done: TLS is added behind the handler, after clear text. */
    @ParameterizedTest
    @MethodSource(SOME)
    void tlsAddedLater_close_saysHowThePeerEnded(Transports transport, TlsKind kind) throws Exception {
        try (TestServer server = startTls(transport, kind.server(), true)) {
            assertEquals(Optional.of(TlsEnd.CLOSE_NOTIFY), endOfStartTlsPeer(server, true));
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void tlsAddedInFrontLater_close_saysHowThePeerEnded(Transports transport) throws Exception {
        try (TestServer server = startTls(transport, TlsKind.JDK_TLS13.server(), false)) {
            assertEquals(Optional.of(TlsEnd.MISSING), endOfStartTlsPeer(server, false));
        }
    }

    private static Optional<TlsEnd> endOfStartTlsPeer(TestServer server, boolean closeNotify) throws Exception {
        try (TlsPeer peer = TlsPeer.connect(server.address())) {
            peer.send("STARTTLS".getBytes(US_ASCII));
            assertEquals('2', peer.readRaw(3)[0]);
            return end(server, peer.handshake(), closeNotify);
        }
    }

    private static Optional<TlsEnd> endOfTlsPeer(TestServer server) throws Exception {
        try (TlsPeer peer = TlsPeer.connect(server.address())) {
            return end(server, peer.handshake(), true);
        }
    }

    private static Optional<TlsEnd> end(TestServer server, TlsPeer peer, boolean closeNotify) throws Exception {
        peer.write(new byte[100]);
        byte[] last = closeNotify ? peer.closeNotify() : new byte[0];
        assertTrue(peer.readRaw().length > ANSWER);
        peer.send(last);
        peer.fin();
        CloseReport report = server.report(server.accepted());
        assertEquals(CloseCause.EOF, report.cause());
        return report.tlsEnd();
    }

    private static void assertRefused(TestServer server, Channel channel, TlsEnd end) {
        channel.close();
        CloseReport report = server.report(channel);
        assertEquals(CloseCause.TLS_HANDSHAKE, report.cause(), report::toString);
        assertNotEquals(CloseOutcome.ABORTED, report.outcome());
        assertEquals(Optional.of(end), report.tlsEnd(), report::toString);
    }

    /** Reads to a clean EOF: a reset would be an exception. */
    private static int readToEof(PeerSocket peer) throws IOException {
        byte[] target = new byte[4096];
        int bytes = 0;
        for (int count; (count = peer.read(target, target.length)) >= 0; ) {
            bytes += count;
        }
        return bytes;
    }

    private static byte[] clientHello() throws IOException {
        SSLEngine engine = TestTls.peer().createSSLEngine("localhost", 1);
        engine.setUseClientMode(true);
        engine.beginHandshake();
        ByteBuffer hello = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), hello);
        return Arrays.copyOf(hello.array(), hello.position());
    }

    private static TestServer start(Transports transport, TlsKind kind) {
        return start(transport, kind, PATIENT);
    }

    private static TestServer start(Transports transport, TlsKind kind, GracefulCloseConfig config) {
        return TestServer.on(transport)
                .config(config)
                .tls(kind)
                .handlers(c -> c.pipeline().addLast(new Quiet()))
                .start();
    }

    private interface TlsChooser {
        ChannelHandler of(SslContext context);
    }

    private static TestServer behind(Transports transport, TlsChooser chooser) {
        SslContext context = TestTls.server();
        return TestServer.on(transport)
                .config(PATIENT)
                .handlers(c -> c.pipeline().addLast(chooser.of(context), Answer.thenClose(ANSWER)))
                .start();
    }

    private static TestServer startTls(Transports transport, SslContext context, boolean behind) {
        return TestServer.on(transport)
                .config(PATIENT)
                .handlers(c -> c.pipeline().addLast("clear", new Answer(ctx -> {
                    ctx.writeAndFlush(ctx.alloc().buffer().writeBytes("220".getBytes(US_ASCII)));
                    ctx.pipeline().remove("clear");
                    if (behind) {
                        c.pipeline().addLast(context.newHandler(c.alloc()));
                    } else {
                        c.pipeline().addFirst(context.newHandler(c.alloc()));
                    }
                    c.pipeline().addLast(Answer.thenClose(ANSWER));
                })))
                .start();
    }

    private static GracefulCloseConfig patient(CloseStrategy strategy) {
        return GracefulCloseConfig.builder()
                .strategy(strategy)
                .quietPeriod(Duration.ofSeconds(100))
                .stallTimeout(Duration.ofSeconds(100))
                .eofTimeout(Duration.ofSeconds(100))
                .deliveredTimeout(Duration.ofSeconds(100))
                .closeTimeout(Duration.ofSeconds(100))
                .build();
    }

    /** Takes the exceptions that a refused handshake brings. */
    private static final class Quiet extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (!(cause instanceof DecoderException)) {
                ctx.fireExceptionCaught(cause);
            }
        }
    }
}
