package dev.lastbyte.demo.serve;

import dev.lastbyte.drain.DrainReport;
import java.io.PrintStream;
import java.util.Optional;
import java.util.function.Function;

/**
 * What happens when the process is told to end, by SIGTERM, Ctrl-C or otherwise: the server drains, a report says how that
 * went, and so does the exit code. A JVM that ends after a signal has an exit code of its own, hence the halt. Runs once, as
 * a shutdown hook.
 */
final class EndOfServe implements Runnable {
    private static final int FAILED = 1;
    private static final int FORCED = 3;

    private final DemoServer server;
    private final DrainDisplay display;
    private final PrintStream out;
    private final Function<Optional<DrainReport>, String> wording;

    EndOfServe(
            DemoServer server, DrainDisplay display, PrintStream out, Function<Optional<DrainReport>, String> wording) {
        this.server = server;
        this.display = display;
        this.out = out;
        this.wording = wording;
    }

    @Override
    public void run() {
        int code = FAILED;
        try {
            Optional<DrainReport> report = server.drain();
            if (report.isPresent()) {
                display.finish();
            } else {
                server.close();
            }
            out.println(wording.apply(report));
            out.flush();
            server.close();
            code = report.map(EndOfServe::exitCode).orElse(0);
        } catch (InterruptedException | RuntimeException e) {
            System.err.println("the drain failed: " + e);
        } finally {
            System.err.flush();
            Runtime.getRuntime().halt(code);
        }
    }

    static int exitCode(DrainReport report) {
        return switch (report.outcome()) {
            case COMPLETE, UNCONFIRMED, CANCELLED -> 0;
            case INTERRUPTED, FORCED, UNFINISHED -> FORCED;
        };
    }
}
