package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.TlsKind;
import dev.lastbyte.testing.TlsPeer;
import dev.lastbyte.testing.Transports;
import io.netty.buffer.Unpooled;
import io.netty.handler.ssl.SslHandler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** How the peer ended its TLS stream, in every way that it can, against what the report says. */
@RealSockets
class TlsEndIT {
    private static final String ALL = "dev.lastbyte.testing.TlsKind#onTcp";
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final String SOME = "dev.lastbyte.testing.TlsKind#onSome";
    private static final int ANSWER = 100_000;
    private static final byte[] REQUEST = new byte[100];
    private static final byte[] BODY = new byte[3000];
    private static final GracefulCloseConfig QUICK =
            GracefulCloseConfig.builder().stallTimeout(Duration.ofMillis(500)).build();

    /** What a peer sends, made up before it is sent: reading our close_notify, a JDK client would answer it by itself. */
    private interface Words {
        byte[] of(TlsPeer peer) throws IOException;
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void close_peerAnswersWithCloseNotify_saysSo(Transports transport, TlsKind kind) throws Exception {
        assertEquals(TlsEnd.CLOSE_NOTIFY, endAfter(transport, kind, TlsPeer::closeNotify));
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void close_peerSendsMoreThenCloseNotify_saysSo(Transports transport, TlsKind kind) throws Exception {
        assertEquals(
                TlsEnd.CLOSE_NOTIFY,
                endAfter(transport, kind, peer -> join(peer.records(BODY), peer.records(BODY), peer.closeNotify())));
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void close_peerJustEnds_isMissing(Transports transport, TlsKind kind) throws Exception {
        assertEquals(TlsEnd.MISSING, endAfter(transport, kind, peer -> new byte[0]));
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void close_peerSendsMoreThenJustEnds_isMissing(Transports transport, TlsKind kind) throws Exception {
        assertEquals(TlsEnd.MISSING, endAfter(transport, kind, peer -> peer.records(BODY)));
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void close_peerEndsInsideARecord_isTruncated(Transports transport, TlsKind kind) throws Exception {
        assertEquals(TlsEnd.TRUNCATED, endAfter(transport, kind, peer -> allButTheLast(peer.records(BODY), 1)));
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void close_peerEndsInsideAHeader_isTruncated(Transports transport, TlsKind kind) throws Exception {
        assertEquals(TlsEnd.TRUNCATED, endAfter(transport, kind, peer -> {
            byte[] body = peer.records(BODY);
            return join(body, Arrays.copyOf(peer.closeNotify(), 3));
        }));
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void close_peerResets_isNotSeen(Transports transport, TlsKind kind) throws Exception {
        try (TestServer server = answering(transport, kind);
                TlsPeer peer = TlsPeer.connect(server.address()).handshake()) {
            peer.write(REQUEST);
            peer.readRaw();
            peer.reset();
            assertEquals(TlsEnd.NOT_SEEN, end(server));
        }
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void close_peerStays_isNotSeen(Transports transport, TlsKind kind) throws Exception {
        try (TestServer server = answering(transport, kind);
                TlsPeer peer = TlsPeer.connect(server.address()).handshake()) {
            peer.write(REQUEST);
            assertEquals(TlsEnd.NOT_SEEN, end(server));
        }
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void open_peerEndsWithCloseNotify_saysSo(Transports transport, TlsKind kind) throws Exception {
        assertEquals(TlsEnd.CLOSE_NOTIFY, endOfIdle(transport, kind, TlsPeer::closeNotify));
    }

    /** Some end TLS and keep the connection: on an idle one, that is the peer's end. */
    @ParameterizedTest
    @MethodSource(SOME)
    void open_peerEndsTlsAlone_isClosed(Transports transport, TlsKind kind) throws Exception {
        try (TestServer server = answering(transport, kind);
                TlsPeer peer = TlsPeer.connect(server.address()).handshake()) {
            peer.send(peer.closeNotify());
            peer.readRaw(); // to our FIN
            assertEquals(TlsEnd.CLOSE_NOTIFY, end(server));
        }
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void open_peerJustEnds_isMissing(Transports transport, TlsKind kind) throws Exception {
        assertEquals(TlsEnd.MISSING, endOfIdle(transport, kind, peer -> new byte[0]));
    }

    /** The application closes in the middle of what SslHandler has read at once; the rest is decrypted after close(). */
    @ParameterizedTest
    @MethodSource(SOME)
    void close_closeNotifyCameWithTheRequest_saysSo(Transports transport, TlsKind kind) throws Exception {
        assertEquals(
                TlsEnd.CLOSE_NOTIFY,
                endWithRequest(transport, kind, peer -> join(peer.records(REQUEST), peer.closeNotify())));
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void close_moreCameWithTheRequest_isNotTakenForCloseNotify(Transports transport, TlsKind kind) throws Exception {
        TlsEnd end = endWithRequest(
                transport, kind, peer -> join(peer.records(REQUEST), peer.records(BODY), peer.records(BODY)));
        // SslHandler and the close share what came, and perhaps the record in which it was split between two reads
        assertTrue(end == TlsEnd.MISSING || end == TlsEnd.UNKNOWN, end::toString);
    }

    /** SslHandler holds the first part of a record; the close sees its rest, then more. */
    @ParameterizedTest
    @MethodSource(ALL)
    void close_beginsInsideARecord_findsTheNext(Transports transport, TlsKind kind) throws Exception {
        assertEquals(TlsEnd.CLOSE_NOTIFY, endFromInside(transport, kind, TlsPeer::closeNotify));
        assertEquals(TlsEnd.MISSING, endFromInside(transport, kind, peer -> peer.records(BODY)));
    }

    @ParameterizedTest
    @MethodSource(SOME)
    void close_beginsInsideTheLastRecord_isUnknown(Transports transport, TlsKind kind) throws Exception {
        assertEquals(TlsEnd.UNKNOWN, endFromInside(transport, kind, peer -> new byte[0]));
    }

    /** One more handshake under way is none that was not done. */
    @ParameterizedTest
    @MethodSource(TCP)
    void close_duringARenegotiation_isAnOrdinaryClose(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                        .config(QUICK)
                        .tls(TlsKind.JDK_TLS12)
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                            c.pipeline().get(SslHandler.class).renegotiate();
                            Answer.thenClose(ANSWER).channelRead(ctx, Unpooled.EMPTY_BUFFER);
                        })))
                        .start();
                TlsPeer peer = TlsPeer.connect(server.address()).handshake()) {
            peer.write(REQUEST);
            peer.readRaw();
            peer.fin();
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseCause.EOF, report.cause());
            assertEquals(Optional.of(TlsEnd.MISSING), report.tlsEnd());
        }
    }

    /** TLS 1.2 forbids to go on writing; TLS 1.3 allows it, and the JDK's engine does it. */
    @ParameterizedTest
    @EnumSource(TlsKind.class)
    void write_afterThePeersCloseNotify_succeedsWithTheJdksTls13Alone(TlsKind kind) throws Exception {
        CompletableFuture<Boolean> written = new CompletableFuture<>();
        try (TestServer server = TestServer.on(Transports.NIO)
                        .tls(kind)
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> c.pipeline()
                                .get(SslHandler.class)
                                .sslCloseFuture()
                                .addListener(
                                        closed -> ctx.executor().execute(() -> ctx.writeAndFlush(Unpooled.copyLong(1))
                                                .addListener(f -> written.complete(f.isSuccess())))))))
                        .start();
                TlsPeer peer = TlsPeer.connect(server.address()).handshake()) {
            peer.write(REQUEST);
            peer.send(peer.closeNotify());
            assertEquals(kind == TlsKind.JDK_TLS13, written.get(60, TimeUnit.SECONDS));
            peer.fin();
            assertEquals(
                    Optional.of(TlsEnd.CLOSE_NOTIFY),
                    server.report(server.accepted()).tlsEnd());
        }
    }

    /** Five times, what must not depend on how the bytes fall into reads. */
    @Tag("heavy")
    @ParameterizedTest
    @MethodSource(ALL)
    void close_manyTimes_saysTheSame(Transports transport, TlsKind kind) throws Exception {
        for (int run = 0; run < 5; run++) {
            close_peerAnswersWithCloseNotify_saysSo(transport, kind);
            close_peerSendsMoreThenCloseNotify_saysSo(transport, kind);
            close_peerSendsMoreThenJustEnds_isMissing(transport, kind);
            close_peerEndsInsideARecord_isTruncated(transport, kind);
            close_peerEndsInsideAHeader_isTruncated(transport, kind);
            close_peerResets_isNotSeen(transport, kind);
            close_closeNotifyCameWithTheRequest_saysSo(transport, kind);
            close_moreCameWithTheRequest_isNotTakenForCloseNotify(transport, kind);
            close_beginsInsideARecord_findsTheNext(transport, kind);
            open_peerEndsWithCloseNotify_saysSo(transport, kind);
            open_peerJustEnds_isMissing(transport, kind);
        }
    }

    /** The peer says its words behind our FIN. */
    private static TlsEnd endAfter(Transports transport, TlsKind kind, Words words) throws Exception {
        try (TestServer server = answering(transport, kind);
                TlsPeer peer = TlsPeer.connect(server.address()).handshake()) {
            peer.write(REQUEST);
            byte[] last = words.of(peer);
            assertTrue(peer.readRaw().length > ANSWER);
            for (byte[] part : halves(last)) {
                peer.send(part);
            }
            peer.fin();
            return end(server);
        }
    }

    /** The peer says everything at once. */
    private static TlsEnd endWithRequest(Transports transport, TlsKind kind, Words words) throws Exception {
        try (TestServer server = answering(transport, kind);
                TlsPeer peer = TlsPeer.connect(server.address()).handshake()) {
            peer.send(words.of(peer));
            peer.readRaw();
            peer.fin();
            return end(server);
        }
    }

    /** Part of a record comes with the request, its rest and the words behind our FIN. */
    private static TlsEnd endFromInside(Transports transport, TlsKind kind, Words words) throws Exception {
        try (TestServer server = answering(transport, kind);
                TlsPeer peer = TlsPeer.connect(server.address()).handshake()) {
            byte[] request = peer.records(REQUEST);
            byte[][] body = halves(peer.records(BODY));
            byte[] last = words.of(peer);
            peer.send(join(request, body[0]));
            assertTrue(peer.readRaw().length > ANSWER);
            peer.send(body[1]);
            peer.send(last);
            peer.fin();
            return end(server);
        }
    }

    /** The peer says its words on a connection that the server keeps open. */
    private static TlsEnd endOfIdle(Transports transport, TlsKind kind, Words words) throws Exception {
        try (TestServer server = TestServer.on(transport)
                        .tls(kind)
                        .handlers(c -> c.pipeline().addLast(new Answer(ctx -> {
                            Answer.write(ctx, ANSWER);
                            ctx.flush();
                        })))
                        .start();
                TlsPeer peer = TlsPeer.connect(server.address()).handshake()) {
            peer.write(REQUEST);
            assertEquals(ANSWER, peer.read(ANSWER));
            peer.send(words.of(peer));
            peer.fin();
            CloseReport report = server.report(server.accepted());
            assertEquals(CloseCause.EOF, report.cause());
            return report.tlsEnd().orElseThrow();
        }
    }

    private static TlsEnd end(TestServer server) {
        CloseReport report = server.report(server.accepted());
        assertTrue(report.toString().contains("TLS end " + report.tlsEnd().orElseThrow()), report::toString);
        return report.tlsEnd().orElseThrow();
    }

    private static TestServer answering(Transports transport, TlsKind kind) {
        return TestServer.on(transport)
                .config(QUICK)
                .tls(kind)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(ANSWER)))
                .start();
    }

    private static byte[][] halves(byte[] whole) {
        int middle = whole.length / 2;
        return new byte[][] {Arrays.copyOf(whole, middle), Arrays.copyOfRange(whole, middle, whole.length)};
    }

    private static byte[] allButTheLast(byte[] whole, int count) {
        return Arrays.copyOf(whole, whole.length - count);
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
