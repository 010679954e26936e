package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Colour;
import java.util.ArrayList;
import java.util.List;

/** The lab's results in plain words, one line per way to close. Immutable. */
final class LabSummary {
    private final LabPlan plan;
    private final List<RunResult> results;

    LabSummary(LabPlan plan, List<RunResult> results) {
        this.plan = plan;
        this.results = results;
    }

    List<String> lines(Colour colour) {
        Table table = new Table();
        for (CloseWay way : plan.ways()) {
            table.row(List.of(new Table.Entry(way.label(), colour::strong), sentence(judged(way), colour)));
        }
        List<String> lines = new ArrayList<>();
        lines.add("Answers to peers that read to the end (plain: Netty's close(); full: Lastbyte):");
        lines.addAll(table.render());
        long faults = results.stream().filter(run -> run.fault().isPresent()).count();
        if (faults > 0) {
            lines.add(faults + " runs had trouble of their own (?): " + firstFault());
        }
        return lines;
    }

    /** Whether a way that reads and discards until the peer is done lost something all the same. */
    boolean promiseBroken() {
        return plan.ways().stream().filter(CloseWay::mustLoseNothing).anyMatch(way -> judged(way).stream()
                .anyMatch(run -> !run.complete()));
    }

    private List<RunResult> judged(CloseWay way) {
        return results.stream()
                .filter(run -> run.cell().way() == way && run.cell().peer().wantsAll())
                .toList();
    }

    private static Table.Entry sentence(List<RunResult> runs, Colour colour) {
        if (runs.isEmpty()) {
            return new Table.Entry("no such peer was asked for", colour::faint);
        }
        long cut = runs.stream().filter(run -> !run.complete()).count();
        if (cut == 0) {
            return new Table.Entry("all " + runs.size() + " arrived whole", colour::good);
        }
        long unnoticed = runs.stream().filter(RunResult::shortEof).count();
        return new Table.Entry(
                cut + " of " + runs.size() + " were cut"
                        + (unnoticed == 0 ? "" : ", " + unnoticed + " of them behind a clean EOF"),
                colour::bad);
    }

    private String firstFault() {
        return results.stream()
                .filter(run -> run.fault().isPresent())
                .findFirst()
                .map(run -> run.cell().transport() + ", " + run.cell().way() + ", "
                        + run.cell().peer() + ": " + run.fault().orElse(""))
                .orElse("");
    }
}
