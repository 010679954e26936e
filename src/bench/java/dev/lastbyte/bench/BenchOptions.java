package dev.lastbyte.bench;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What every bench takes. Filled in by picocli. */
public final class BenchOptions {
    @Option(names = "--smoke", description = "a few seconds: shows that the bench runs; its figures mean nothing")
    boolean smoke;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "target/bench",
            description = "where tables (.txt) and pictures (.svg) go (default: ${DEFAULT-VALUE})")
    Path out = Path.of("target/bench");

    /** The full size of something, or that of the smoke form. */
    int size(int full, int smokeSize) {
        return smoke ? smokeSize : full;
    }
}
