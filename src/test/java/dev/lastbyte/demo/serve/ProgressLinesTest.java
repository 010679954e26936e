package dev.lastbyte.demo.serve;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.GracefulCloseManager;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ProgressLinesTest {
    private static final String NO_CLOSES = "{\"PEER_CLOSED\":0,\"DELIVERED\":0,\"UNCONFIRMED\":0,\"UNDELIVERED\":0,"
            + "\"RESET_BY_PEER\":0,\"ABORTED\":0}";

    @Test
    void drain_isTold_andPassedOn() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        DrainDisplay display = DrainDisplay.plain(new PrintStream(err, true, US_ASCII));
        ProgressLines lines = new ProgressLines(new PrintStream(out, true, US_ASCII), display);
        GracefulCloseManager.builder().drainListener(lines).build().drain().get(60, TimeUnit.SECONDS);
        display.finish();
        List<String> said = out.toString(US_ASCII).lines().toList();
        String first =
                "{\"event\":\"drain-progress\",\"phase\":\"STOP_ACCEPTING\",\"open\":0,\"busy\":0,\"closing\":0,\"closed\":"
                        + NO_CLOSES + ",\"forced\":0,\"millisLeft\":";
        assertTrue(said.get(0).startsWith(first), said::toString);
        assertTrue(said.get(0).endsWith(",\"blockers\":[]}"), said::toString);
        assertTrue(said.get(said.size() - 1).contains("\"phase\":\"DRAINED\""), said::toString);
        assertTrue(err.toString(US_ASCII).endsWith("drain: DRAINED\n"));
    }

    @Test
    void of_clientThatStayed_namesNobodyAtTheEnd() throws Exception {
        String line = ProgressLines.of(HeldConnection.drained().end());
        assertTrue(line.contains("\"phase\":\"DRAINED\",\"open\":0,"), line);
        assertEquals(-1, line.indexOf("\n"));
    }
}
