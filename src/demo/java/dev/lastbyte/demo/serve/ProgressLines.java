package dev.lastbyte.demo.serve;

import dev.lastbyte.demo.Json;
import dev.lastbyte.drain.DrainListener;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainProgress;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Prints the progress of a drain as JSON lines, and passes it on. Called on one thread. */
final class ProgressLines implements DrainListener {
    private final PrintStream out;
    private final DrainListener next;

    ProgressLines(PrintStream out, DrainListener next) {
        this.out = out;
        this.next = next;
    }

    @Override
    public void onPhase(DrainPhase phase) {
        next.onPhase(phase);
    }

    @Override
    public void onProgress(DrainProgress progress) {
        out.println(of(progress));
        out.flush();
        next.onProgress(progress);
    }

    static String of(DrainProgress progress) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("event", "drain-progress");
        line.put("phase", progress.phase().name());
        line.put("open", progress.open());
        line.put("busy", progress.busy());
        line.put("closing", progress.closing());
        line.put("closed", progress.closed());
        line.put("forced", progress.forced());
        line.put("millisLeft", progress.timeLeft().toMillis());
        line.put(
                "blockers",
                progress.blockers().stream().map(DrainLine::connection).toList());
        return Json.of(line);
    }
}
