package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.Colour;
import dev.lastbyte.demo.Durations;
import dev.lastbyte.demo.Sizes;
import dev.lastbyte.demo.lab.peer.Lane;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One whole lab: heading, runs with progress, summary, tables, file. Used once, by one thread. */
final class LabSession {
    private final LabPlan plan;
    private final LabEnds ends;
    private final Colour colour;
    private final boolean verbose;
    private final @Nullable Path json;

    LabSession(LabPlan plan, LabEnds ends, Colour colour, boolean verbose, @Nullable Path json) {
        this.plan = plan;
        this.ends = ends;
        this.colour = colour;
        this.verbose = verbose;
        this.json = json;
    }

    /** Runs it; the exit code says whether drain and full kept their promise. */
    int run() throws IOException, InterruptedException {
        int total = plan.allRuns().size();
        heading(total);
        long startNanos = System.nanoTime();
        List<RunResult> results;
        try (LabProgress progress = LabProgress.show(total)) {
            results = ends.runner().run(ends.server(), ends.peers(), progress::step);
        }
        Duration took = Duration.ofMillis((System.nanoTime() - startNanos) / 100_000_000 * 100);
        System.out.println();
        LabSummary summary = new LabSummary(plan, results);
        summary.lines(colour).forEach(System.out::println);
        System.out.println();
        LabTables tables = new LabTables(plan, CellStats.byCell(plan, results), colour);
        tables.losses().forEach(System.out::println);
        if (verbose) {
            tables.timesAndReports().forEach(System.out::println);
        }
        System.out.println(total + " connections in " + Durations.format(took) + ".");
        if (!verbose) {
            System.out.println("--verbose adds how long the closes took and what the library reported.");
        }
        if (json != null) {
            LabFile.write(json, plan, ends.link(), results);
            System.out.println("All runs: " + json);
        }
        return summary.promiseBroken() ? 1 : 0;
    }

    private void heading(int total) {
        System.out.println(colour.strong("Lastbyte lab: who gets the last byte?"));
        System.out.println(total + " connections over " + ends.link() + "; answers of " + Sizes.format(plan.size()));
        if (verbose) {
            System.out.println("runs per cell: " + runs());
            System.out.println("limits of the strategies: " + plan.limits().describe());
            System.out.println("plain closes when the kernel has taken the answer, a strategy right after writing it");
        }
    }

    private String runs() {
        if (plan.runs().isPresent()) {
            return String.valueOf(plan.runs().getAsInt());
        }
        return Lane.QUICK.defaultRuns(plan.isDelayed()) + ", and " + Lane.PATIENT.defaultRuns(plan.isDelayed())
                + " for peers that upload or take seconds (--runs changes it)";
    }
}
