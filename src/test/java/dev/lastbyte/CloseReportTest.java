package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The words of a report, as a log shows them. */
class CloseReportTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "UNCONFIRMED | EOF         | -1 | UNCONFIRMED (EOF: peer closed, acknowledgements unknown on nio) FULL on nio,",
                "UNCONFIRMED | STALLED     | -1 | (STALLED: nothing known to be lost, acknowledgements unknown on nio)",
                "UNCONFIRMED | NOT_AWAITED |  7 | (NOT_AWAITED: nothing known to be lost, not all acknowledgements seen)",
                "PEER_CLOSED | EOF         |  0 | PEER_CLOSED (EOF) FULL on nio,",
                "UNDELIVERED | STALLED     |  7 | UNDELIVERED (STALLED) FULL on nio,",
            })
    void toString_unconfirmed_saysWhatIsKnown(
            CloseOutcome outcome, CloseCause cause, long unacknowledged, String expected) {
        CloseReport.Builder builder = new CloseReport.Builder(CloseStrategy.FULL, "nio", null);
        builder.outcome = outcome;
        builder.cause = cause;
        builder.unacknowledgedBytes = unacknowledged;
        String text = builder.build().toString();
        assertTrue(text.contains(expected), text);
    }
}
