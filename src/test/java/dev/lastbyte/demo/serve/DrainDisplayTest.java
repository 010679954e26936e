package dev.lastbyte.demo.serve;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.GracefulCloseManager;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class DrainDisplayTest {
    @Test
    void plain_oneLinePerPhase() throws Exception {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        DrainDisplay display = DrainDisplay.plain(new PrintStream(err, true, US_ASCII));
        drain(display);
        assertEquals(
                "drain: ANNOUNCING\ndrain: STOP_ACCEPTING\ndrain: SHEDDING\ndrain: DRAINED\n", err.toString(US_ASCII));
    }

    @Test
    void text_namesPhaseTimeAndCounts() throws Exception {
        String text = DrainDisplay.text(HeldConnection.drained().end());
        assertTrue(text.startsWith("DRAINED, 0 s left, 0 open: 0 busy, 0 closing, 1 forced"), text);
    }

    private static void drain(DrainDisplay display) throws Exception {
        GracefulCloseManager.builder().drainListener(display).build().drain().get(60, TimeUnit.SECONDS);
        display.finish();
    }
}
