package dev.lastbyte.bench;

import dev.lastbyte.bench.report.BenchOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * Runs every bench, one after the other: with {@code --smoke} a minute or two, to see that all of them still work.
 * Not thread-safe.
 */
@Command(name = "all", description = "Every bench, one after the other.")
final class AllCommand implements Callable<Integer> {
    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        List<String> failed = new ArrayList<>();
        spec.parent().subcommands().forEach((name, command) -> {
            boolean isBench = command.getCommandSpec() != spec && !name.equals("help");
            if (isBench && run(name) != 0) {
                failed.add(name);
            }
        });
        if (!failed.isEmpty()) {
            System.err.println("failed: " + failed);
        }
        return failed.isEmpty() ? 0 : 1;
    }

    private int run(String name) {
        long start = System.nanoTime();
        System.out.println("=== " + name);
        List<String> arguments =
                new ArrayList<>(List.of(name, "--out", options.directory().toString()));
        if (options.smoke()) {
            arguments.add("--smoke");
        }
        int code = Bench.commandLine().execute(arguments.toArray(String[]::new));
        System.out.printf(
                "=== %s: exit code %d after %d s%n", name, code, (System.nanoTime() - start) / 1_000_000_000L);
        return code;
    }
}
