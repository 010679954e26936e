package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.CloseWay;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The lab's results in plain words, one line per way to close. Immutable. */
final class LabSummary {
    private final LabPlan plan;
    private final List<RunResult> results;

    LabSummary(LabPlan plan, List<RunResult> results) {
        this.plan = plan;
        this.results = results;
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (CloseWay way : plan.ways()) {
            lines.add(way + ": " + sentence(judged(way)));
        }
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

    private static String sentence(List<RunResult> runs) {
        if (runs.isEmpty()) {
            return "no peer that reads to the end was asked for.";
        }
        List<RunResult> cut = runs.stream().filter(run -> !run.complete()).toList();
        if (cut.isEmpty()) {
            return "every peer that reads to the end got every byte, in all " + runs.size() + " runs.";
        }
        Set<String> peers =
                cut.stream().map(run -> run.cell().peer().label()).collect(Collectors.toCollection(LinkedHashSet::new));
        long unnoticed = cut.stream().filter(RunResult::shortEof).count();
        return "the answer was cut in " + cut.size() + " of " + runs.size() + " runs (" + String.join(", ", peers) + ")"
                + (unnoticed == 0 ? "." : ", in " + unnoticed + " of them behind a clean EOF.");
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
