package dev.lastbyte.demo.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Colour;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.demo.lab.peer.Lane;
import dev.lastbyte.demo.lab.peer.PeerEnd;
import dev.lastbyte.demo.lab.peer.PeerKind;
import dev.lastbyte.demo.lab.peer.PeerResult;
import dev.lastbyte.demo.lab.server.ServerResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the lab prints, from made-up results. */
class LabTablesTest {
    private static final int SIZE = 1000;

    private final LabPlan plan = new LabPlan(
            List.of(Transport.EPOLL),
            List.of(CloseWay.PLAIN, CloseWay.FULL),
            List.of(PeerKind.CHATTY, PeerKind.RESET),
            OptionalInt.of(2),
            SIZE,
            Duration.ZERO);
    private final List<RunResult> results = new ArrayList<>();

    @Test
    void render_lossAndReset_areMarked() {
        add(CloseWay.PLAIN, PeerKind.CHATTY, 469, PeerEnd.EOF, true);
        add(CloseWay.PLAIN, PeerKind.CHATTY, SIZE, PeerEnd.EOF, true);
        add(CloseWay.FULL, PeerKind.CHATTY, SIZE, PeerEnd.EOF, false);
        add(CloseWay.FULL, PeerKind.CHATTY, SIZE, PeerEnd.EOF, false);
        assertRow("chatty  50 (46) R !1  100");
    }

    @Test
    void render_resetInSomeRuns_isALowerCaseMark() {
        add(CloseWay.PLAIN, PeerKind.CHATTY, 0, PeerEnd.RESET, true);
        add(CloseWay.PLAIN, PeerKind.CHATTY, SIZE, PeerEnd.EOF, false);
        assertTrue(render(Colour.When.NEVER).stream().anyMatch(line -> line.startsWith("chatty  50 (0) r ")));
    }

    @Test
    void render_almostAll_isNeverRoundedUpToAll() {
        add(CloseWay.FULL, PeerKind.CHATTY, SIZE - 1, PeerEnd.RESET, true);
        add(CloseWay.FULL, PeerKind.CHATTY, SIZE, PeerEnd.EOF, false);
        assertTrue(render(Colour.When.NEVER).stream().anyMatch(line -> line.endsWith("50 (99) r")));
    }

    @Test
    void render_colour_redOnlyWhereTheServerIsToBlame() {
        add(CloseWay.PLAIN, PeerKind.CHATTY, 1, PeerEnd.RESET, true);
        add(CloseWay.FULL, PeerKind.CHATTY, SIZE, PeerEnd.EOF, false);
        add(CloseWay.FULL, PeerKind.RESET, 1, PeerEnd.OWN, false);
        String all = String.join("\n", render(Colour.When.ALWAYS));
        assertTrue(all.contains("\u001b[1;31m0 (0) R\u001b[0m"), all);
        assertTrue(all.contains("\u001b[32m100\u001b[0m"), all);
        assertTrue(all.contains("\u001b[2m0 (0)\u001b[0m"), all);
        assertFalse(String.join("\n", render(Colour.When.NEVER)).contains("\u001b"));
    }

    @Test
    void render_outcomes_mostFrequentFirst() {
        add(CloseWay.FULL, PeerKind.CHATTY, SIZE, PeerEnd.EOF, false, "delivered", "quiet");
        add(CloseWay.FULL, PeerKind.CHATTY, SIZE, PeerEnd.EOF, false, "delivered", "quiet");
        add(CloseWay.FULL, PeerKind.CHATTY, SIZE, PeerEnd.EOF, false, "peer closed", "eof");
        assertRow("chatty  delivered, quiet +1");
    }

    @Test
    void render_peerClosedWithoutWordOfAcknowledgements_isNoLoss() {
        results.add(new RunResult(
                0,
                new Cell(Transport.EPOLL, CloseWay.FULL, PeerKind.CHATTY),
                SIZE,
                new PeerResult(0, SIZE, PeerEnd.EOF, false, false, 0, 1, ""),
                new ServerResult(0, 5_000_000, "unconfirmed", "eof", 0, 0, -1)));
        assertRow("chatty  peer closed, acks unknown");
    }

    @Test
    void losses_legend_fitsATerminal() {
        assertTrue(tables(Colour.When.NEVER).losses().stream().allMatch(line -> line.length() <= 80));
    }

    @Test
    void summary_loss_isSaidInWords() {
        add(CloseWay.PLAIN, PeerKind.CHATTY, 1, PeerEnd.EOF, true);
        add(CloseWay.PLAIN, PeerKind.RESET, 1, PeerEnd.OWN, false);
        add(CloseWay.FULL, PeerKind.CHATTY, SIZE, PeerEnd.EOF, false);
        LabSummary summary = new LabSummary(plan, results);
        assertEquals(
                List.of(
                        "Answers to peers that read to the end (plain: Netty's close(); full: Lastbyte):",
                        "plain  1 of 1 were cut, 1 of them behind a clean EOF",
                        "full   all 1 arrived whole"),
                summary.lines(Colour.of(Colour.When.NEVER)));
        assertFalse(summary.promiseBroken());
    }

    @Test
    void summary_fullLosesAByte_breaksThePromise() {
        add(CloseWay.FULL, PeerKind.CHATTY, SIZE - 1, PeerEnd.EOF, false);
        assertTrue(new LabSummary(plan, results).promiseBroken());
    }

    @Test
    void summary_runWithoutPeerReport_isNamed() {
        results.add(new RunResult(0, new Cell(Transport.EPOLL, CloseWay.FULL, PeerKind.CHATTY), SIZE, null, null));
        assertTrue(new LabSummary(plan, results)
                .lines(Colour.of(Colour.When.NEVER))
                .contains("1 runs had trouble of their own (?): epoll, full, chatty: the peer never reported"));
    }

    @ParameterizedTest
    @EnumSource
    void plan_everyRunOnce_numbered(Lane lane) {
        LabPlan all = new LabPlan(
                List.of(Transport.values()),
                List.of(CloseWay.values()),
                List.of(PeerKind.values()),
                OptionalInt.empty(),
                1,
                Duration.ZERO);
        assertEquals(
                all.allRuns().stream()
                        .filter(run -> run.cell().peer().lane() == lane)
                        .map(LabPlan.Run::number)
                        .sorted()
                        .toList(),
                all.runs(lane).stream().map(LabPlan.Run::number).sorted().toList());
    }

    private void assertRow(String expected) {
        List<String> lines = render(Colour.When.NEVER);
        assertTrue(lines.contains(expected), () -> String.join("\n", lines));
    }

    private List<String> render(Colour.When colour) {
        LabTables tables = tables(colour);
        return Stream.concat(tables.losses().stream(), tables.timesAndReports().stream())
                .toList();
    }

    private LabTables tables(Colour.When colour) {
        return new LabTables(plan, CellStats.byCell(plan, results), Colour.of(colour));
    }

    private void add(CloseWay way, PeerKind peer, long received, PeerEnd end, boolean sawReset) {
        add(way, peer, received, end, sawReset, way == CloseWay.PLAIN ? "" : "peer closed", "eof");
    }

    private void add(
            CloseWay way, PeerKind peer, long received, PeerEnd end, boolean sawReset, String outcome, String cause) {
        int run = results.size();
        results.add(new RunResult(
                run,
                new Cell(Transport.EPOLL, way, peer),
                SIZE,
                new PeerResult(run, received, end, sawReset, false, 0, 1, ""),
                new ServerResult(run, 5_000_000, outcome, cause, 0, 0, 0)));
    }
}
