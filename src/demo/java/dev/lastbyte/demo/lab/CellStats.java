package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.lab.server.ServerResult;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What the runs of one cell say together. Immutable. */
final class CellStats {
    private final List<RunResult> runs;

    CellStats(List<RunResult> runs) {
        this.runs = List.copyOf(runs);
    }

    /** The cells of a plan with their runs, in the plan's order. */
    static Map<Cell, CellStats> byCell(LabPlan plan, List<RunResult> results) {
        Map<Cell, List<RunResult>> grouped = results.stream().collect(Collectors.groupingBy(RunResult::cell));
        Map<Cell, CellStats> stats = new LinkedHashMap<>();
        for (Cell cell : plan.cells()) {
            stats.put(cell, new CellStats(grouped.getOrDefault(cell, List.of())));
        }
        return stats;
    }

    int runs() {
        return runs.size();
    }

    int complete() {
        return count(RunResult::complete);
    }

    int resets() {
        return count(RunResult::sawReset);
    }

    int shortEofs() {
        return count(RunResult::shortEof);
    }

    /** Runs that tell nothing because the lab itself had trouble. */
    int faults() {
        return count(run -> run.fault().isPresent());
    }

    boolean allComplete() {
        return complete() == runs();
    }

    /** Percent of runs in which the peer got every byte, rounded down so that 100 means all. */
    long percentComplete() {
        return runs.isEmpty() ? 0 : 100L * complete() / runs();
    }

    /** Percent of the bytes that the worst run got, rounded down. */
    long worstPercent() {
        return runs.stream()
                .mapToLong(run -> 100L * run.received() / run.size())
                .min()
                .orElse(0);
    }

    /** Median time that the server's close took; -1 if no run told. */
    long medianCloseNanos() {
        long[] nanos = runs.stream()
                .map(RunResult::server)
                .filter(Objects::nonNull)
                .mapToLong(ServerResult::closeNanos)
                .sorted()
                .toArray();
        return nanos.length == 0
                ? -1
                : Arrays.stream(nanos).skip((nanos.length - 1) / 2).findFirst().orElse(-1);
    }

    /** Outcome and cause as the library reported them, with how often, most frequent first. */
    Map<String, Long> outcomes() {
        Map<String, Long> counted = runs.stream()
                .map(RunResult::server)
                .filter(Objects::nonNull)
                .filter(known -> !known.outcome().isEmpty())
                .collect(Collectors.groupingBy(CellStats::outcome, Collectors.counting()));
        Map<String, Long> sorted = new LinkedHashMap<>();
        counted.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
        return sorted;
    }

    /** The cause is left out where the outcome says it already. */
    private static String outcome(ServerResult result) {
        if (result.outcome().equals("unconfirmed") && result.cause().equals("eof")) {
            return result.unacknowledged() < 0 ? "peer closed, acks unknown" : "peer closed, acks unseen";
        }
        return switch (result.cause()) {
            case "eof", "acknowledged", "not awaited", "reset" -> result.outcome();
            default -> result.outcome() + ", " + result.cause();
        };
    }

    private int count(Predicate<RunResult> condition) {
        return (int) runs.stream().filter(condition).count();
    }
}
