package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Colour;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.demo.lab.peer.PeerKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;

/** The lab's results as tables: what arrived, how long the close took, what the library reported. Immutable. */
final class LabTables {
    private static final List<String> LEGEND = List.of(
            "60 (46): in 60 % of the runs; the worst run got 46 % of the bytes.",
            "R: the peer saw a reset in most runs, r: in some.",
            "!2: in 2 runs a cut answer ended in a clean EOF, as if it were whole.",
            "reset and never-reads are peers that no server can serve.");

    private final LabPlan plan;
    private final Map<Cell, CellStats> stats;
    private final Colour colour;

    LabTables(LabPlan plan, Map<Cell, CellStats> stats, Colour colour) {
        this.plan = plan;
        this.stats = stats;
        this.colour = colour;
    }

    /** Who got everything, and how to read that. */
    List<String> losses() {
        List<String> lines = new ArrayList<>();
        for (Transport transport : plan.transports()) {
            add(
                    lines,
                    transport + ": runs in which the peer got every byte, in percent",
                    transport,
                    plan.ways(),
                    this::loss);
        }
        LEGEND.forEach(line -> lines.add(colour.faint(line)));
        lines.add("");
        return lines;
    }

    /** How long the closes took, and what the library said of them. */
    List<String> timesAndReports() {
        List<String> lines = new ArrayList<>();
        List<CloseWay> reporting =
                plan.ways().stream().filter(way -> way.strategy().isPresent()).toList();
        for (Transport transport : plan.transports()) {
            add(
                    lines,
                    transport + ": median time from the answer's write to the closed channel",
                    transport,
                    plan.ways(),
                    this::time);
            if (!reporting.isEmpty()) {
                add(lines, transport + ": what the library reported", transport, reporting, this::outcome);
            }
        }
        return lines;
    }

    private void add(
            List<String> lines,
            String title,
            Transport transport,
            List<CloseWay> ways,
            BiFunction<Cell, CellStats, Table.Entry> content) {
        Table table = new Table();
        List<Table.Entry> head = new ArrayList<>();
        head.add(Table.Entry.of(""));
        ways.forEach(way -> head.add(new Table.Entry(way.label(), colour::strong)));
        table.row(head);
        for (PeerKind peer : plan.peers()) {
            List<Table.Entry> row = new ArrayList<>();
            row.add(Table.Entry.of(peer.label()));
            for (CloseWay way : ways) {
                Cell cell = new Cell(transport, way, peer);
                row.add(content.apply(cell, stats.getOrDefault(cell, new CellStats(List.of()))));
            }
            table.row(row);
        }
        lines.add(colour.strong(title));
        lines.addAll(table.render());
        lines.add("");
    }

    private Table.Entry loss(Cell cell, CellStats cellStats) {
        StringBuilder text = new StringBuilder().append(cellStats.percentComplete());
        if (!cellStats.allComplete()) {
            text.append(" (").append(cellStats.worstPercent()).append(')');
        }
        if (cellStats.resets() > 0) {
            text.append(cellStats.resets() * 2 > cellStats.runs() ? " R" : " r");
        }
        if (cellStats.shortEofs() > 0) {
            text.append(" !").append(cellStats.shortEofs());
        }
        if (cellStats.faults() > 0) {
            text.append(" ?").append(cellStats.faults());
        }
        if (cellStats.faults() > 0) {
            return new Table.Entry(text.toString(), colour::warn);
        }
        if (!cell.peer().wantsAll()) {
            return new Table.Entry(text.toString(), colour::faint);
        }
        return new Table.Entry(text.toString(), cellStats.allComplete() ? colour::good : colour::bad);
    }

    private Table.Entry time(Cell cell, CellStats cellStats) {
        return Table.Entry.of(time(cellStats.medianCloseNanos()));
    }

    private static String time(long nanos) {
        if (nanos < 0) {
            return "-";
        }
        return nanos < 1_000_000 ? "<1 ms" : String.format(Locale.ROOT, "%d ms", nanos / 1_000_000);
    }

    private Table.Entry outcome(Cell cell, CellStats cellStats) {
        Map<String, Long> outcomes = cellStats.outcomes();
        if (outcomes.isEmpty()) {
            return Table.Entry.of("-");
        }
        Map.Entry<String, Long> first = outcomes.entrySet().iterator().next();
        long others = cellStats.runs() - first.getValue();
        return Table.Entry.of(others == 0 ? first.getKey() : first.getKey() + " +" + others);
    }
}
