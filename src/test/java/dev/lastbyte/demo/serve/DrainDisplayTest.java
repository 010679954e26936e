package dev.lastbyte.demo.serve;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.DrainProgress;
import dev.lastbyte.drain.GracefulCloseManager;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    @ParameterizedTest
    @ValueSource(ints = {72, 80, 200})
    void line_anyProgress_namesPhaseTimeAndCounts(int room) throws Exception {
        HeldConnection held = HeldConnection.drained();
        for (DrainProgress progress : held.news()) {
            String line = DrainDisplay.line(progress, Duration.ZERO, room);
            assertTrue(line.length() <= room, line);
            assertTrue(
                    line.matches(
                            "(\\[[= ]{10}\\] )?" + progress.phase()
                                    + ", [01] s left, [01] open: [01] busy, [01] closing; [01] closed(, 1 forced)?(; oldest .+)?"),
                    line);
        }
        assertEquals(
                "DRAINED, 0 s left, 0 open: 0 busy, 0 closing; 1 closed, 1 forced",
                DrainDisplay.line(held.end(), Duration.ofHours(1), 72));
    }

    @Test
    void line_roomForTheOldest_namesIt() throws Exception {
        HeldConnection held = HeldConnection.drained();
        DrainProgress open = held.news().get(0);
        String line = DrainDisplay.line(open, Duration.ZERO, 200);
        assertEquals(!open.blockers().isEmpty(), line.contains("; oldest " + held.client() + " "), line);
        assertFalse(DrainDisplay.line(open, Duration.ZERO, 80).contains("oldest"));
    }

    @Test
    void bar_noNews_countsDown_andTheLastIsPaintedOnce() throws Exception {
        HeldConnection held = HeldConnection.drained();
        AtomicLong clock = new AtomicLong();
        Screen screen = new Screen();
        DrainDisplay display = DrainDisplay.bar(screen.stream(), 81, clock::get);
        display.onProgress(held.news().get(0));
        assertTrue(screen.next().contains(", 1 s left, "));
        clock.set(TimeUnit.SECONDS.toNanos(1));
        String painted = screen.next();
        while (!painted.contains(", 0 s left, ")) {
            painted = screen.next();
        }
        display.onProgress(held.end());
        display.finish();
        display.onProgress(held.end());
        List<String> rest = screen.rest();
        assertEquals(1, rest.stream().filter(line -> line.contains("DRAINED")).count(), rest::toString);
        assertEquals("\n", rest.get(rest.size() - 1));
    }

    @Test
    void bar_drainOfNobody_isOneFinishedLine() throws Exception {
        Screen screen = new Screen();
        DrainDisplay display = DrainDisplay.bar(screen.stream(), 81, System::nanoTime);
        drain(display);
        String all = String.join("", screen.rest());
        assertTrue(all.startsWith("\r") && all.endsWith("\n"), all);
        assertEquals(all.length() - 1, all.indexOf('\n'), all);
        assertEquals(all.indexOf("DRAINED"), all.lastIndexOf("DRAINED"), all);
    }

    private static void drain(DrainDisplay display) throws Exception {
        GracefulCloseManager.builder().drainListener(display).build().drain().get(60, TimeUnit.SECONDS);
        display.finish();
    }

    /** What was written to a terminal, flush by flush. Thread-safe. */
    private static final class Screen {
        private final BlockingQueue<String> painted = new LinkedBlockingQueue<>();

        PrintStream stream() {
            ByteArrayOutputStream written = new ByteArrayOutputStream() {
                @Override
                public synchronized void flush() {
                    if (size() > 0) {
                        painted.add(toString(US_ASCII));
                        reset();
                    }
                }
            };
            return new PrintStream(written, false, US_ASCII);
        }

        String next() throws InterruptedException {
            String text = painted.poll(60, TimeUnit.SECONDS);
            if (text == null) {
                throw new AssertionError("nothing was painted within 60 s");
            }
            return text;
        }

        List<String> rest() {
            List<String> rest = new ArrayList<>();
            painted.drainTo(rest);
            return rest;
        }
    }
}
