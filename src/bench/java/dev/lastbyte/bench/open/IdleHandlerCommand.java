package dev.lastbyte.bench.open;

import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.bench.report.BenchTable;
import dev.lastbyte.bench.report.Samples;
import dev.lastbyte.bench.report.Target;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What a handler costs that has nothing to do, per message; JMH measures it in several JVMs. Not thread-safe. */
@Command(
        name = "idle-handler",
        description = "A message through a busy pipeline (JMH): what an idle handler adds, in ns and in bytes.")
public final class IdleHandlerCommand implements Callable<Integer> {
    private static final int JVMS = 7;
    private static final int ITERATIONS = 9;
    private static final double ONE_HOP = 1;

    /** What falls on a message when something else than messages allocates: the least object has 16 bytes. */
    private static final double NOISE_BYTES = 0.01;

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Override
    public Integer call() throws Exception {
        RunResult result = measure();
        List<IterationResult> iterations = result.getBenchmarkResults().stream()
                .map(jvm -> jvm.getIterationResults())
                .flatMap(Collection::stream)
                .toList();
        Samples nothing = perMessage(iterations, "nothingNanos");
        Samples hop = perMessage(iterations, "hopNanos").minus(nothing);
        Samples handler = perMessage(iterations, "handlerNanos").minus(nothing);
        Samples managed = perMessage(iterations, "managedNanos").minus(nothing);
        BenchTable table = new BenchTable(
                "idle-handler",
                "A 1 KiB message through five busy handlers and back (JMH): what one more handler adds");
        table.add("the pipeline without it", "ns/message", nothing);
        table.add("a handler that passes reads on (one hop)", "ns more", hop);
        table.add("GracefulCloseHandler", "ns more", handler);
        table.add("GracefulCloseHandler of a manager", "ns more", managed);
        table.add("GracefulCloseHandler against one hop", "hops", handler.relativeTo(hop), Target.atMost(ONE_HOP));
        table.add(
                "GracefulCloseHandler of a manager against one hop",
                "hops",
                managed.relativeTo(hop),
                Target.atMost(ONE_HOP));
        Samples allocated = perMessage(iterations, "nothingBytes");
        table.add("the pipeline without it allocates", "B/message", allocated);
        table.add(
                "GracefulCloseHandler allocates",
                "B more",
                perMessage(iterations, "handlerBytes").minus(allocated),
                Target.atMost(NOISE_BYTES));
        table.add(
                "GracefulCloseHandler of a manager allocates",
                "B more",
                perMessage(iterations, "managedBytes").minus(allocated),
                Target.atMost(NOISE_BYTES));
        table.add(
                "all of this and JMH allocate (JMH -prof gc)",
                "B/message",
                Samples.of(
                        result.getSecondaryResults().get("gc.alloc.rate.norm").getScore()));
        table.publish(options);
        table.draw(options, "ns more", "nanoseconds per message; shorter is better");
        return 0;
    }

    private RunResult measure() throws RunnerException {
        TimeValue time = TimeValue.milliseconds(options.size(250, 150));
        return new Runner(new OptionsBuilder()
                        .include(IdleHandlerBenchmark.class.getName() + ".message")
                        .forks(options.size(JVMS, 1))
                        .warmupIterations(options.size(ITERATIONS, 1))
                        .warmupTime(time)
                        .measurementIterations(options.size(ITERATIONS, 2))
                        .measurementTime(time)
                        .addProfiler(GCProfiler.class)
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .runSingle();
    }

    private static Samples perMessage(List<IterationResult> iterations, String counter) {
        return Samples.of(iterations.stream()
                .mapToDouble(iteration -> score(iteration, counter) / score(iteration, "messages"))
                .toArray());
    }

    private static double score(IterationResult iteration, String counter) {
        return iteration.getSecondaryResults().get(counter).getScore();
    }
}
