package dev.lastbyte.farewell;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseReport;
import dev.lastbyte.FarewellReport;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.Drained;
import dev.lastbyte.drain.ManagedServer;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The worked example of docs/protocols.md, drained while its peers talk. */
@RealSockets
class LineProtocolIT {
    private static final int PEERS = 4;
    private static final int DRAINS = 6;
    private static final DrainPolicy POLICY = Drained.POLICY.toBuilder()
            .gracePeriod(Duration.ofMillis(50))
            .longLivedPeriod(Duration.ofMillis(50))
            .drainTimeout(Duration.ofSeconds(10))
            .build();

    @ParameterizedTest
    @EnumSource
    void drain_underTraffic_peersThatAnswer_loseNoLine(Transports transport) throws Exception {
        drains(transport, DRAINS);
    }

    @Tag("heavy")
    @Timeout(1800)
    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void manyDrains_underTraffic_loseNoLine(Transports transport) throws Exception {
        long begin = System.nanoTime();
        drains(transport, 1000);
        System.out.println(transport + ": 1000 drains, " + 1000 * PEERS + " BYEs answered, no line lost, in "
                + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin) + " s");
    }

    private static void drains(Transports transport, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            drain(transport, true, Duration.ofSeconds(5), FarewellReport.Outcome.ANSWERED);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void drain_underTraffic_peersThatDoNotAnswer_areLeftAtTheLimit_andLoseNoLine(Transports transport)
            throws Exception {
        Duration limit = Duration.ofMillis(300);
        DrainReport report = drain(transport, false, limit, FarewellReport.Outcome.UNANSWERED);
        assertTrue(report.totalTime().compareTo(POLICY.gracePeriod().plus(limit)) >= 0, report::toString);
        assertTrue(report.totalTime().compareTo(Duration.ofSeconds(5)) < 0, report::toString);
    }

    @Test
    void exampleOfTheDocs_isWhatIsTestedHere() throws IOException {
        String docs = Files.readString(Path.of("docs/protocols.md"));
        String tested = Files.readString(Path.of("src/test/java/dev/lastbyte/farewell/LineFarewell.java"));
        String example = tested.substring(tested.indexOf("final class LineFarewell"));
        assertTrue(docs.contains("```java\n" + example + "```"), "docs/protocols.md shows another LineFarewell");
        String source = Files.readString(Path.of("src/test/java/dev/lastbyte/farewell/LineProtocolIT.java"));
        String pipeline = ".addLast(new LineBasedFrameDecoder(1024), new StringDecoder(), new StringEncoder())";
        assertNotEquals(-1, docs.indexOf(pipeline));
        assertNotEquals(source.indexOf(pipeline), source.lastIndexOf(pipeline), "not the pipeline that is tested");
    }

    private static DrainReport drain(
            Transports transport, boolean answers, Duration limit, FarewellReport.Outcome expected) throws Exception {
        AtomicLong served = new AtomicLong();
        List<LinePeer> peers = new ArrayList<>();
        try (ManagedServer server = ManagedServer.on(transport)
                .policy(POLICY)
                .handlers(channel -> addHandlers(channel, limit, served))
                .start()) {
            for (int i = 0; i < PEERS; i++) {
                peers.add(new LinePeer(server.address(), answers));
            }
            for (LinePeer peer : peers) {
                peer.awaitTraffic();
            }
            DrainReport report = Drained.await(server.manager.drain(), POLICY.drainTimeout());
            long answered = 0;
            for (LinePeer peer : peers) {
                peer.join();
                assertNull(peer.problem);
                assertTrue(peer.toldBye, "no BYE came");
                assertEquals(peer.sent, peer.answered, "lines without an answer");
                answered += peer.answered;
            }
            assertEquals(served.get(), answered);
            long unsure =
                    report.possiblyUnanswered() + report.unjudged(); // a line may have been on its way at the close
            assertEquals(
                    answers || unsure == 0 ? DrainReport.Outcome.COMPLETE : DrainReport.Outcome.UNCONFIRMED,
                    report.outcome(),
                    report::toString);
            assertEquals(PEERS, server.reports.size());
            for (CloseReport close : server.reports) {
                FarewellReport farewell = close.farewell().orElseThrow();
                assertEquals("line", farewell.protocol());
                assertEquals(expected, farewell.outcome(), close::toString);
            }
            return report;
        } finally {
            for (LinePeer peer : peers) {
                peer.socket.close();
            }
        }
    }

    private static void addHandlers(Channel channel, Duration limit, AtomicLong served) {
        channel.pipeline()
                .addLast(new LineBasedFrameDecoder(1024), new StringDecoder(), new StringEncoder())
                .addLast(new FarewellHandler(new LineFarewell(), limit))
                .addLast(new AnswersLines(served));
    }

    /** Answers each line with itself. */
    private static final class AnswersLines extends ChannelInboundHandlerAdapter {
        private final AtomicLong served;

        AnswersLines(AtomicLong served) {
            this.served = served;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            served.incrementAndGet();
            ctx.writeAndFlush("re " + message + "\n");
        }
    }

    /** Sends numbered lines until it reads BYE; then, if it is one that answers, OK. Reads to the end. */
    private static final class LinePeer {
        private final PeerSocket socket;
        private final boolean answers;
        private final CountDownLatch underWay = new CountDownLatch(3);
        private final Thread reader = new Thread(this::read, "line-reader");
        private final Thread writer = new Thread(this::write, "line-writer");
        private final Semaphore window = new Semaphore(16); // lines without an answer
        private volatile boolean toldBye;
        private volatile long sent;
        private volatile long answered;
        private volatile @Nullable String problem;

        LinePeer(SocketAddress address, boolean answers) throws IOException {
            this.answers = answers;
            socket = PeerSocket.connect(address);
            reader.start();
            writer.start();
        }

        void awaitTraffic() throws InterruptedException {
            assertTrue(underWay.await(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS), "no answers came");
        }

        void join() throws InterruptedException {
            reader.join(TimeUnit.SECONDS.toMillis(ManagedServer.PATIENCE_SECONDS));
            assertTrue(!reader.isAlive(), "the end did not come");
        }

        private void write() {
            try {
                for (window.acquire(); !toldBye && problem == null; window.acquire()) {
                    send("line " + sent + "\n");
                    sent++;
                }
            } catch (IOException | InterruptedException e) {
                problem = "write: " + e;
            }
        }

        private void send(String line) throws IOException {
            socket.write(line.getBytes(US_ASCII), line.length());
        }

        private void read() {
            byte[] buffer = new byte[4096];
            StringBuilder text = new StringBuilder();
            try {
                for (int n = socket.read(buffer, buffer.length); n >= 0; n = socket.read(buffer, buffer.length)) {
                    text.append(new String(buffer, 0, n, US_ASCII));
                    for (int end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
                        onLine(text.substring(0, end));
                        text.delete(0, end + 1);
                    }
                }
                problem = text.isEmpty() ? problem : "cut: " + text;
                socket.close();
            } catch (IOException | InterruptedException e) {
                problem = "read: " + e;
            } finally {
                window.release(); // for a writer that waits
            }
        }

        private void onLine(String line) throws IOException, InterruptedException {
            if (line.equals("BYE")) {
                toldBye = true;
                window.release();
                writer.join();
                if (answers) {
                    send("OK\n");
                }
            } else if (line.equals("re line " + answered)) {
                answered++;
                window.release();
                underWay.countDown();
            } else {
                problem = "line " + answered + " is " + line;
            }
        }
    }
}
