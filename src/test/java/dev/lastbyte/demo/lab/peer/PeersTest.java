package dev.lastbyte.demo.lab.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.demo.BytePattern;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each peer against a server of plain blocking sockets: what it reads, sends and sees. */
@Timeout(60)
class PeersTest {
    private static final int SIZE = 300_000;
    private static final long BOUND_SECONDS = 30;

    private final BlockingQueue<PeerResult> results = new LinkedBlockingQueue<>();
    private final LocalPeers peers = new LocalPeers(Duration.ofSeconds(BOUND_SECONDS), results::add);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final ServerSocket listener;

    PeersTest() throws IOException {
        listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void end() throws IOException {
        peers.close();
        threads.shutdownNow();
        listener.close();
    }

    /** What the trivial server does with a connection whose request has been read; how many bytes came behind it. */
    private interface Answer {
        long give(Socket socket) throws IOException;
    }

    @ParameterizedTest
    @EnumSource(
            names = {"RESET", "NEVER_READS"},
            mode = EnumSource.Mode.EXCLUDE)
    void play_serverThatReadsToTheEnd_everyPeerGetsEverything(PeerKind peer) throws Exception {
        CompletableFuture<Long> uploaded = serve(PeersTest::answerAndDiscard);
        peers.start(job(peer));
        peers.release(1);
        PeerResult saw = result();
        assertEquals("", saw.error());
        assertEquals(SIZE, saw.received());
        assertEquals(PeerEnd.EOF, saw.end());
        assertFalse(saw.corrupt());
        assertFalse(saw.sawReset());
        assertEquals(saw.sent(), uploaded.get(BOUND_SECONDS, TimeUnit.SECONDS));
    }

    @Test
    void chatty_sendsWhileItReads() throws Exception {
        serve(PeersTest::answerAndDiscard);
        peers.start(job(PeerKind.CHATTY));
        assertEquals(SIZE / (32 * 1024) * 13L + 31, result().sent());
    }

    @Test
    void unread_sendsItsBodyWithTheRequest() throws Exception {
        serve(PeersTest::answerAndDiscard);
        peers.start(job(PeerKind.UNREAD));
        assertEquals(64 * 1024, result().sent());
    }

    @Test
    void uploadFirst_sendsSixteenMegabytesBeforeItReads() throws Exception {
        serve(PeersTest::answerAndDiscard);
        peers.start(job(PeerKind.UPLOAD_FIRST));
        assertEquals(16_000_000, result().sent(), 16 * 1024);
    }

    @Test
    void well_truncatedAnswer_isSeenAsCleanEof() throws Exception {
        serve(socket -> {
            socket.getOutputStream().write(pattern(), 0, 1000);
            return 0;
        });
        peers.start(job(PeerKind.WELL));
        PeerResult saw = result();
        assertEquals(1000, saw.received());
        assertEquals(PeerEnd.EOF, saw.end());
    }

    @Test
    void well_reset_isSeen() throws Exception {
        serve(socket -> {
            socket.setSoLinger(true, 0);
            return 0;
        });
        peers.start(job(PeerKind.WELL));
        PeerResult saw = result();
        assertEquals(PeerEnd.RESET, saw.end());
        assertTrue(saw.sawReset());
    }

    @Test
    void well_wrongByte_isSeen() throws Exception {
        serve(socket -> {
            socket.getOutputStream().write("abX".getBytes(StandardCharsets.US_ASCII));
            return 0;
        });
        peers.start(job(PeerKind.WELL));
        assertTrue(result().corrupt());
    }

    @Test
    void reset_readsAHundredKilobytes_thenResets() throws Exception {
        CompletableFuture<Long> uploaded = serve(PeersTest::answerAndDiscard);
        peers.start(job(PeerKind.RESET));
        assertEquals(100_000, result().received());
        assertTrue(uploaded.handle((bytes, failure) -> failure != null).get(BOUND_SECONDS, TimeUnit.SECONDS));
    }

    @ParameterizedTest
    @EnumSource(names = {"NEVER_READS", "NEVER_CLOSES", "DRIP"})
    void holders_staysUntilReleased(PeerKind peer) throws Exception {
        CompletableFuture<Void> answered = new CompletableFuture<>();
        CompletableFuture<Long> uploaded = serve(socket -> {
            socket.getOutputStream().write(pattern());
            socket.shutdownOutput();
            answered.complete(null);
            return discard(socket);
        });
        peers.start(job(peer));
        answered.get(BOUND_SECONDS, TimeUnit.SECONDS);
        assertFalse(uploaded.isDone());
        peers.release(1);
        assertEquals(peer == PeerKind.NEVER_READS ? 0 : SIZE, result().received());
        // never-reads closes with unread data, so the server's read may fail; that it ends is what counts
        uploaded.handle((bytes, failure) -> bytes).get(BOUND_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void start_noServer_isReportedAsAnError() throws Exception {
        listener.close();
        peers.start(job(PeerKind.WELL));
        assertTrue(result().error().contains("ConnectException"));
    }

    @Test
    void close_peerThatHolds_isCut() throws Exception {
        CompletableFuture<Void> connected = new CompletableFuture<>();
        serve(socket -> {
            connected.complete(null);
            return discard(socket);
        });
        peers.start(job(PeerKind.NEVER_READS));
        connected.get(BOUND_SECONDS, TimeUnit.SECONDS);
        peers.close();
        assertEquals(PeerEnd.CUT, result().end());
    }

    private Job job(PeerKind peer) {
        return new Job(1, peer, listener.getInetAddress().getHostAddress(), listener.getLocalPort(), SIZE);
    }

    private PeerResult result() throws InterruptedException {
        PeerResult result = results.poll(BOUND_SECONDS, TimeUnit.SECONDS);
        assertTrue(result != null, "no result");
        return result;
    }

    /** Serves one connection; the future has the number of bytes that came behind the request. */
    private CompletableFuture<Long> serve(Answer answer) {
        CompletableFuture<Long> uploaded = new CompletableFuture<>();
        threads.execute(() -> {
            try (Socket socket = listener.accept()) {
                Request request = Request.decode(
                        new String(socket.getInputStream().readNBytes(Request.LENGTH), StandardCharsets.US_ASCII));
                assertEquals(SIZE, request.size());
                uploaded.complete(answer.give(socket));
            } catch (IOException | RuntimeException e) {
                uploaded.completeExceptionally(e);
            }
        });
        return uploaded;
    }

    private static long answerAndDiscard(Socket socket) throws IOException {
        socket.getOutputStream().write(pattern());
        socket.shutdownOutput();
        return discard(socket);
    }

    private static long discard(Socket socket) throws IOException {
        return socket.getInputStream().transferTo(OutputStream.nullOutputStream());
    }

    private static byte[] pattern() {
        byte[] bytes = new byte[SIZE];
        for (int i = 0; i < SIZE; i++) {
            bytes[i] = BytePattern.at(i);
        }
        return bytes;
    }
}
