package dev.lastbyte.demo.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.demo.Colour;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class DrainProseTest {
    private static final DrainProse PLAIN = new DrainProse(Colour.of(Colour.When.NEVER));

    @Test
    void of_noReport_saysThatNobodyKnows() {
        assertEquals("closed at once: a plain close does not know who lost an answer", PLAIN.of(Optional.empty()));
    }

    @Test
    void of_nothingOpen_isOneGoodSentence() throws Exception {
        DrainReport report = GracefulCloseManager.create().drain().get(60, TimeUnit.SECONDS);
        String text = PLAIN.of(Optional.of(report));
        assertTrue(
                text.matches("COMPLETE: no client is known to have lost an answer after [\\d.]+ m?s\n"
                        + "  0 requests lost, 0 refused, 0 answered, 0 of them known to have arrived\n"
                        + "  0 connections at the start"),
                text);
        String coloured = new DrainProse(Colour.of(Colour.When.ALWAYS)).of(Optional.of(report));
        assertTrue(coloured.startsWith("\u001b[32mCOMPLETE"), coloured);
    }

    @Test
    void of_clientThatStayed_namesItInRed() throws Exception {
        HeldConnection held = HeldConnection.drained();
        String client = held.client().toString().substring(1);
        String text = PLAIN.of(Optional.of(held.report()));
        assertTrue(
                text.matches("(?s)FORCED: some connections were still open at the deadline after [\\d.]+ m?s\n"
                        + "  0 requests lost, .*\n"
                        + "  1 connection at the start, 1 [a-z ,]+\n"
                        + "  1 closed by force.*\n"
                        + "  " + client + " was closing, open for [\\d.]+ m?s, .* \\(d[A-Z] DRAIN_DEADLINE\\)\n"
                        + "  listener 127\\.0\\.0\\.1:\\d+ closed in [\\d.]+ m?s"),
                text);
        String coloured = new DrainProse(Colour.of(Colour.When.ALWAYS)).of(Optional.of(held.report()));
        assertTrue(coloured.contains("\u001b[1;31m" + client + " was "), coloured);
    }
}
