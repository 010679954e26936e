package dev.lastbyte.receipt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.testing.LogRecorder;
import dev.lastbyte.testing.NoWarnings;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.local.LocalChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

@Timeout(120)
@ExtendWith(NoWarnings.class)
class DrainReceiptTest {
    @TempDir
    private Path directory;

    @Test
    void writer_drainOfNothing_writesLogAndFile_beforeTheFutureCompletes() throws Exception {
        Path file = directory.resolve("termination-log");
        Files.writeString(file, "what was there before, and longer than that".repeat(100));
        GracefulCloseManager manager = GracefulCloseManager.create();
        manager.addDrainListener(ReceiptWriter.toFile(file));
        LogRecorder log = new LogRecorder("dev.lastbyte.receipt", Level.INFO);
        Logger logger = (Logger) LoggerFactory.getLogger("dev.lastbyte.receipt");
        logger.setLevel(Level.INFO);
        log.start();
        DrainReport report = manager.drain().get(60, TimeUnit.SECONDS);
        String text = Files.readString(file);
        List<String> lines = log.stop();
        logger.setLevel(null);
        DrainReceipt receipt = DrainReceipt.of(report);
        assertEquals(String.join("\n", receipt.sentences()) + "\n" + receipt.json() + "\n", text);
        String begin = "INFO dev.lastbyte.receipt.ReceiptWriter receipt: ";
        assertEquals(List.of(begin + receipt, begin + receipt.json()), lines);
        assertTrue(
                receipt.json()
                        .startsWith(
                                "{\"event\":\"drain\",\"outcome\":\"COMPLETE\",\"lost\":0,\"refused\":0,\"answered\":0,\"acknowledged\":0,\"forced\":0,"),
                receipt::json);
    }

    @Test
    void writer_fileThatCannotBeWritten_isOneWarning() throws Exception {
        NoWarnings.expect("the receipt of the drain could not be written");
        GracefulCloseManager manager = GracefulCloseManager.create();
        manager.addDrainListener(ReceiptWriter.toFile(directory.resolve("none/termination-log")));
        assertEquals(
                DrainReport.Outcome.COMPLETE,
                manager.drain().get(60, TimeUnit.SECONDS).outcome());
    }

    @Test
    void writer_cancelledDrain_writesNothing() throws Exception {
        Path file = directory.resolve("termination-log");
        GracefulCloseManager manager = GracefulCloseManager.create();
        manager.addDrainListener(ReceiptWriter.toFile(file));
        var drain = manager.drain(DrainPolicy.builder()
                .announceDelay(Duration.ofSeconds(20))
                .drainTimeout(Duration.ofMinutes(10))
                .build());
        assertTrue(manager.cancelDrain());
        drain.get(60, TimeUnit.SECONDS);
        assertFalse(Files.exists(file));
    }

    @Test
    @SuppressWarnings("deprecation") // Netty 4.1 has no other event loop for local channels
    void file_manyForcedConnections_staysShort_andCountsAll() throws Exception {
        int connections = 300;
        GracefulCloseManager manager = GracefulCloseManager.create();
        DefaultEventLoop loop = new DefaultEventLoop();
        try {
            for (int i = 0; i < connections; i++) {
                hold(manager, loop);
            }
            assertEquals(connections, manager.openConnections());
            DrainReport report = manager.drain(DrainPolicy.builder()
                            .idleAfter(Duration.ofMillis(1))
                            .gracePeriod(Duration.ofMillis(100))
                            .longLivedPeriod(Duration.ofMillis(100))
                            .drainTimeout(Duration.ofMillis(300))
                            .build())
                    .get(60, TimeUnit.SECONDS);
            assertEquals(connections, report.forced(), report.outcome()::name);
            DrainReceipt receipt = DrainReceipt.of(report);
            String text = new String(receipt.file(), StandardCharsets.UTF_8);
            assertTrue(receipt.file().length <= 4096, text);
            assertTrue(receipt.json().length() > 4096);
            assertTrue(text.startsWith("FORCED: "), text);
            assertTrue(text.contains("\nand 295 more closed by force\n"), text);
            String last = text.lines().reduce((one, next) -> next).orElseThrow();
            assertTrue(last.startsWith("{\"event\":\"drain\",\"outcome\":\"FORCED\",\"lost\":0,"), last);
            assertTrue(last.contains("\"forced\":300,") && last.endsWith("]}"), last);
            assertTrue(last.contains("\"cause\":\"DRAIN_DEADLINE\""), last);
        } finally {
            loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        }
    }

    @SuppressWarnings("deprecation")
    private static void hold(GracefulCloseManager manager, DefaultEventLoop loop) throws InterruptedException {
        LocalChannel channel = new LocalChannel() {
            @Override
            public boolean isActive() {
                return isOpen();
            }
        };
        channel.pipeline().addFirst(manager.newHandler()).addLast(new ChannelOutboundHandlerAdapter() {
            @Override
            public void close(ChannelHandlerContext ctx, ChannelPromise promise) {} // a protocol that never ends
        });
        loop.register(channel).sync();
    }
}
