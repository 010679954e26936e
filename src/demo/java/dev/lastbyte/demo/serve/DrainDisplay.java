package dev.lastbyte.demo.serve;

import dev.lastbyte.demo.Terminal;
import dev.lastbyte.drain.DrainListener;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainProgress;
import dev.lastbyte.drain.OpenConnection;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressState;
import org.jspecify.annotations.Nullable;

/**
 * Shows on standard error how far a drain is: a bar at a terminal, else one plain line per phase. Called on one thread, but
 * for {@link #finish()}.
 */
final class DrainDisplay implements DrainListener {
    private static final int NO_BAR = 0;
    private static final int USUAL_COLUMNS = 80;
    private static final int BAR_COLUMNS = 10;

    private final CountDownLatch drained = new CountDownLatch(1);
    private final PrintStream err;
    private final int columns;
    private @Nullable ProgressBar bar;

    private DrainDisplay(PrintStream err, int columns) {
        this.err = err;
        this.columns = columns;
    }

    static DrainDisplay show() {
        return new DrainDisplay(System.err, Terminal.stderr() ? Terminal.columns(USUAL_COLUMNS) : NO_BAR);
    }

    static DrainDisplay plain(PrintStream err) {
        return new DrainDisplay(err, NO_BAR);
    }

    @Override
    public void onPhase(DrainPhase phase) {
        if (columns == NO_BAR) {
            err.println("drain: " + phase);
        }
    }

    @Override
    public void onProgress(DrainProgress progress) {
        if (columns != NO_BAR) {
            show(progress);
        }
        if (progress.phase() == DrainPhase.DRAINED) {
            if (bar != null) {
                bar.close();
            }
            drained.countDown();
        }
    }

    private void show(DrainProgress progress) {
        long closed =
                progress.closed().values().stream().mapToLong(Long::longValue).sum();
        long all = progress.open() + closed;
        ProgressBar shown = bar == null ? newBar(all) : bar;
        bar = shown;
        shown.setExtraMessage(text(progress));
        shown.maxHint(all);
        shown.stepTo(closed);
    }

    /** Waits a moment for the last news, which travel on a thread of their own. */
    void finish() throws InterruptedException {
        if (!drained.await(1, TimeUnit.SECONDS) && columns != NO_BAR) {
            err.println(); // leaves the bar's line
        }
        err.flush();
    }

    /** What matters most comes first: the terminal's edge cuts the rest. */
    static String text(DrainProgress progress) {
        String counts = progress.phase() + ", " + seconds(progress.timeLeft()) + " left, " + progress.open() + " open: "
                + progress.busy() + " busy, " + progress.closing() + " closing, " + progress.forced() + " forced";
        return progress.blockers().isEmpty()
                ? counts
                : counts + "; oldest " + text(progress.blockers().get(0));
    }

    private static String text(OpenConnection blocker) {
        return blocker.remoteAddress().map(Object::toString).orElse(blocker.id()) + " " + blocker.state() + ", open "
                + seconds(blocker.age());
    }

    private static String seconds(Duration time) {
        return time.toSeconds() + " s";
    }

    private ProgressBar newBar(long max) {
        return new ProgressBarBuilder()
                .setInitialMax(max)
                .setUpdateIntervalMillis(200)
                .setRenderer(DrainDisplay::render)
                .setConsumer(new ConsoleProgressBarConsumer(err, columns - 1))
                .build();
    }

    /** The library's own bar takes the room that the text needs. */
    static String render(ProgressState state, int width) {
        int done = (int) (BAR_COLUMNS * state.getCurrent() / Math.max(1, state.getMax()));
        String line = "drain [" + "=".repeat(done) + " ".repeat(BAR_COLUMNS - done) + "] " + state.getCurrent() + "/"
                + state.getMax() + " " + state.getExtraMessage();
        return line.length() > width ? line.substring(0, width) : line + " ".repeat(width - line.length());
    }
}
