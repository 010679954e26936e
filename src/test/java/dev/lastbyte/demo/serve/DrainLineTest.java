package dev.lastbyte.demo.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class DrainLineTest {
    private static final String NO_CLOSES = "\\{\"PEER_CLOSED\":0,\"DELIVERED\":0,\"UNCONFIRMED\":0,\"UNDELIVERED\":0,"
            + "\"RESET_BY_PEER\":0,\"ABORTED\":0\\}";

    @Test
    void of_noReport_hasEveryFieldAndKnowsNothing() {
        assertEquals(
                "{\"event\":\"drain\",\"outcome\":null,\"openAtStart\":null,\"late\":null,\"forced\":null,\"interrupted\":null,\"possiblyUnanswered\":null,\"unjudged\":null,\"refusedRequests\":null,\"lostRequests\":null,"
                        + "\"unfinished\":null,\"closed\":null,\"closedIn\":null,\"phaseMillis\":null,\"totalMillis\":null,"
                        + "\"stragglers\":null,\"listeners\":null}",
                DrainLine.of(Optional.empty()));
    }

    @Test
    void of_nothingOpen_isCompleteWithEveryField() throws Exception {
        DrainReport report = GracefulCloseManager.create().drain().get(60, TimeUnit.SECONDS);
        String line = DrainLine.of(Optional.of(report));
        assertTrue(
                line.matches(
                        "\\{\"event\":\"drain\",\"outcome\":\"COMPLETE\",\"openAtStart\":0,\"late\":0,\"forced\":0,"
                                + "\"interrupted\":0,\"possiblyUnanswered\":0,\"unjudged\":0,\"refusedRequests\":0,\"lostRequests\":0,\"unfinished\":0,\"closed\":"
                                + NO_CLOSES
                                + ",\"closedIn\":\\{\"ANNOUNCING\":0,\"STOP_ACCEPTING\":0,\"SHEDDING\":0\\},"
                                + "\"phaseMillis\":\\{\"ANNOUNCING\":\\d+,\"STOP_ACCEPTING\":\\d+,\"SHEDDING\":\\d+\\},"
                                + "\"totalMillis\":\\d+,\"stragglers\":\\[\\],\"listeners\":\\[\\]\\}"),
                line);
        assertEquals(0, EndOfServe.exitCode(report));
    }

    @Test
    void of_clientThatStayed_namesIt() throws Exception {
        HeldConnection held = HeldConnection.drained();
        String line = DrainLine.of(Optional.of(held.report()));
        assertTrue(line.contains("\"outcome\":\"FORCED\",\"openAtStart\":1,\"late\":0,\"forced\":1,"), line);
        assertTrue(
                line.matches(".*\"stragglers\":\\[\\{\"remote\":\"" + held.client()
                        + "\",\"state\":\"CLOSING\",\"ageMillis\":\\d+,\"exchanges\":0,\"pendingBytes\":0,"
                        + "\"outcome\":\"[A-Z_]+\",\"cause\":\"DRAIN_DEADLINE\"\\}\\],"
                        + "\"listeners\":\\[\\{\"address\":\"/127.0.0.1:\\d+\",\"transport\":\"nio\",\"filtered\":false,"
                        + "\"unaccepted\":null,\"millis\":\\d+,\"failure\":null\\}\\]\\}"),
                line);
        assertEquals(3, EndOfServe.exitCode(held.report()));
    }
}
