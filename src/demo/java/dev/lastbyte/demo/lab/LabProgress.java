package dev.lastbyte.demo.lab;

import dev.lastbyte.demo.Terminal;
import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicInteger;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Shows on standard error how far the lab is: a bar at a terminal, else one plain line per quarter. Thread-safe.
 */
final class LabProgress implements AutoCloseable {
    private static final int WIDTH = 78;
    private static final int PLAIN_LINES = 4;

    private final AtomicInteger done = new AtomicInteger();
    private final PrintStream out;
    private final int total;
    private final @Nullable ProgressBar bar;

    private LabProgress(PrintStream out, int total, boolean terminal) {
        this.out = out;
        this.total = total;
        bar = terminal ? bar(out, total) : null;
    }

    static LabProgress show(int total) {
        return new LabProgress(System.err, total, Terminal.stderr());
    }

    static LabProgress plain(PrintStream out, int total) {
        return new LabProgress(out, total, false);
    }

    void step() {
        int now = done.incrementAndGet();
        if (bar != null) {
            bar.step();
        } else if (now * PLAIN_LINES / total != (now - 1) * PLAIN_LINES / total) {
            out.println(now + " of " + total + " runs done");
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }

    private static ProgressBar bar(PrintStream out, int total) {
        return new ProgressBarBuilder()
                .setTaskName("lab")
                .setInitialMax(total)
                .setUnit(" runs", 1)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .setConsumer(new ConsoleProgressBarConsumer(out, WIDTH))
                .build();
    }
}
