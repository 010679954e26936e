package dev.lastbyte.bench.report;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What every bench takes. Filled in by picocli. */
public final class BenchOptions {
    @Option(names = "--smoke", description = "a few seconds: shows that the bench runs; its figures mean nothing")
    private boolean smoke;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "target/bench",
            description = "where tables (.txt) and pictures (.svg) go (default: ${DEFAULT-VALUE})")
    private Path directory = Path.of("target/bench");

    /** Whether a bench is only to show that it runs. */
    public boolean smoke() {
        return smoke;
    }

    /** Where tables and pictures go, and what is compiled for a bench. */
    public Path directory() {
        return directory;
    }

    /** The full size of something, or that of the smoke form. */
    public int size(int full, int smokeSize) {
        return smoke ? smokeSize : full;
    }
}
