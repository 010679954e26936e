package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.Transports;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The close sequence below TLS: data, close_notify, FIN, in this order. */
@RealSockets
class TlsIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final long ANSWER = 1 << 20;

    @ParameterizedTest
    @MethodSource(TCP)
    void close_peerUploads_getsDataThenCloseNotifyThenFin(Transports transport) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .tls(true)
                .handlers(c -> c.pipeline().addLast(Answer.thenClose(ANSWER)))
                .start()) {
            // an SSLSocket reads a clean EOF from close_notify alone: a FIN without it is an exception
            assertTrue(server.play(ScriptedPeer.UPLOADS_4MB).peer().isWhole(ANSWER));
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void close_closeNotifyFlushTimeoutClosesAgain_doesNotCutASlowReader(Transports transport) throws Exception {
        SslContext context = TestTls.server();
        NoWarnings.expect("SslHandler.*Last write attempt timed out");
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> {
                    SslHandler tls = context.newHandler(c.alloc());
                    tls.setCloseNotifyFlushTimeoutMillis(100);
                    c.pipeline().addLast(tls, Answer.thenClose(8 << 20));
                })
                .start()) {
            PeerRun peer =
                    new PeerRun(PeerSocket.connect(server.address(), TestTls.peer(), 0), 1, new CountDownLatch(0));
            peer.request();
            peer.pause(1000);
            peer.readAll();
            peer.socket().close();
            assertTrue(peer.result().isWhole(8 << 20), () -> peer.result().toString());
            server.report(server.accepted());
        }
    }

    @Test
    void handlerAdded_behindTls_isRefusedAndTheConnectionEnds() throws Exception {
        SslContext context = TestTls.server();
        NoWarnings.expect("(?s)Failed to initialize a channel.*behind SslHandler 'SslHandler#0': add it first");
        try (TestServer server = TestServer.on(Transports.NIO)
                        .withoutHandler()
                        .handlers(c -> c.pipeline().addLast(context.newHandler(c.alloc()), new GracefulCloseHandler()))
                        .start();
                PeerSocket peer = server.connect()) {
            assertEquals(-1, peer.read(new byte[1], 1));
            assertTrue(server.accepted().closeFuture().await(30, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void tlsAddedInFrontLater_close_isGraceful(Transports transport) throws Exception {
        SslContext context = TestTls.server();
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> {
                    c.pipeline().addFirst(context.newHandler(c.alloc()));
                    c.pipeline().addLast(Answer.thenClose(ANSWER));
                })
                .start()) {
            PeerRun peer =
                    new PeerRun(PeerSocket.connect(server.address(), TestTls.peer(), 0), 1, new CountDownLatch(0));
            peer.request();
            peer.readAll();
            peer.socket().close();
            assertTrue(peer.result().isWhole(ANSWER), () -> peer.result().toString());
            CloseReport report = server.report(server.accepted());
            // A TLS peer may close at our close_notify, before our FIN: then the order proves less.
            assertTrue(report.outcome().isDelivered() || !transport.tellsDelivery(), report::toString);
        }
    }
}
