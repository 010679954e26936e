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
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows on standard error how far a drain is: at a terminal one line that is painted anew several times a second, so that the
 * time left counts down between two news of the drain; elsewhere one plain line per phase. Thread-safe.
 */
final class DrainDisplay implements DrainListener {
    private static final int NO_BAR = 0;
    private static final int USUAL_COLUMNS = 80;
    private static final int BAR_COLUMNS = 10;
    private static final long REPAINT_MILLIS = 200;

    private final CountDownLatch over = new CountDownLatch(1);
    private final PrintStream err;
    private final int columns;
    private final LongSupplier nanoTime;
    private @Nullable DrainProgress news;
    private long newsNanos;

    private DrainDisplay(PrintStream err, int columns, LongSupplier nanoTime) {
        this.err = err;
        this.columns = columns;
        this.nanoTime = nanoTime;
    }

    /** A line at a terminal, unless other lines would tear it. */
    static DrainDisplay show(boolean othersPrint) {
        boolean torn = othersPrint && Terminal.stdout();
        return !torn && Terminal.stderr()
                ? bar(System.err, Terminal.columns(USUAL_COLUMNS), System::nanoTime)
                : plain(System.err);
    }

    static DrainDisplay bar(PrintStream err, int columns, LongSupplier nanoTime) {
        return new DrainDisplay(err, columns, nanoTime);
    }

    static DrainDisplay plain(PrintStream err) {
        return new DrainDisplay(err, NO_BAR, System::nanoTime);
    }

    @Override
    public void onPhase(DrainPhase phase) {
        if (columns == NO_BAR) {
            err.println("drain: " + phase);
        }
    }

    @Override
    public synchronized void onProgress(DrainProgress progress) {
        if (isOver()) {
            return;
        }
        boolean first = news == null;
        news = progress;
        newsNanos = nanoTime.getAsLong();
        paint();
        if (progress.phase() == DrainPhase.DRAINED) {
            end();
        } else if (first && columns != NO_BAR) {
            Thread painter = new Thread(this::keepPainting, "demo-drain-display");
            painter.setDaemon(true);
            painter.start();
        }
    }

    /** Waits a moment for the last news, which travel on a thread of their own. Later ones are not shown. */
    void finish() throws InterruptedException {
        if (!over.await(1, TimeUnit.SECONDS)) {
            end();
        }
        err.flush();
    }

    private void keepPainting() {
        try {
            while (!over.await(REPAINT_MILLIS, TimeUnit.MILLISECONDS)) {
                paint();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void paint() {
        if (columns != NO_BAR && news != null && !isOver()) {
            int room = columns - 1;
            String line = line(news, Duration.ofNanos(nanoTime.getAsLong() - newsNanos), room);
            err.print("\r" + line + " ".repeat(room - line.length()));
            err.flush();
        }
    }

    private synchronized void end() {
        if (columns != NO_BAR && news != null && !isOver()) {
            err.println(); // leaves the line
        }
        over.countDown();
    }

    private boolean isOver() {
        return over.getCount() == 0;
    }

    /** As much as there is room for: phase, time left and counts always, then the bar, then who has been open longest. */
    static String line(DrainProgress progress, Duration sinceNews, int room) {
        String text = text(progress, sinceNews);
        String line = bar(progress) + text;
        if (line.length() > room) {
            return text.length() > room ? text.substring(0, room) : text;
        }
        String oldest = progress.open() == 0 || progress.blockers().isEmpty()
                ? ""
                : "; oldest " + text(progress.blockers().get(0));
        return line.length() + oldest.length() > room ? line : line + oldest;
    }

    private static String bar(DrainProgress progress) {
        long closed = progress.allClosed();
        int done = (int) (BAR_COLUMNS * closed / Math.max(1, closed + progress.open()));
        return "[" + "=".repeat(done) + " ".repeat(BAR_COLUMNS - done) + "] ";
    }

    private static String text(DrainProgress progress, Duration sinceNews) {
        Duration left = progress.timeLeft().minus(sinceNews);
        return progress.phase() + ", " + secondsLeft(left) + " s left, " + progress.open() + " open: " + progress.busy()
                + " busy, " + progress.closing() + " closing; " + progress.allClosed() + " closed"
                + (progress.forced() == 0 ? "" : ", " + progress.forced() + " forced");
    }

    /** 0 is said when the time is over, not in the last second. */
    private static long secondsLeft(Duration left) {
        return Math.max(0, left.plusSeconds(1).minusNanos(1).getSeconds());
    }

    private static String text(OpenConnection blocker) {
        return blocker.remoteAddress().map(Object::toString).orElse(blocker.id()) + " " + blocker.state() + ", open "
                + blocker.age().toSeconds() + " s";
    }
}
