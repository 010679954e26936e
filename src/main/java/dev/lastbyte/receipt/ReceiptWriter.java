package dev.lastbyte.receipt;

import dev.lastbyte.drain.DrainListener;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.internal.Loggers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Writes the {@link DrainReceipt} when a drain ends, before the drain's future completes: to the log, as an INFO line of sentences and one of
 * JSON, and to a file if there is one. A drain that was cancelled has no receipt.
 *
 * <pre>{@code
 * manager.addDrainListener(ReceiptWriter.toFile(Path.of("/dev/termination-log")));
 * }</pre>
 *
 * <p>Kubernetes shows the first 4 KB of that file in the status of a pod that has ended: {@code kubectl describe pod}. A file that cannot be
 * written is one WARN. Add it with {@link GracefulCloseManager#addDrainListener}. Immutable.
 */
public final class ReceiptWriter implements DrainListener {
    private static final Logger LOG = Loggers.of(ReceiptWriter.class);

    private final @Nullable Path file;

    private ReceiptWriter(@Nullable Path file) {
        this.file = file;
    }

    /** A writer to the log alone. */
    public static ReceiptWriter toLog() {
        return new ReceiptWriter(null);
    }

    /**
     * A writer to the log and to a file, which is made if it does not exist and replaced in place if it does.
     *
     * @throws NullPointerException if {@code file} is null
     */
    public static ReceiptWriter toFile(Path file) {
        return new ReceiptWriter(Objects.requireNonNull(file, "file"));
    }

    @Override
    public void onReport(DrainReport report) {
        if (report.outcome() == DrainReport.Outcome.CANCELLED) {
            return;
        }
        DrainReceipt receipt = DrainReceipt.of(report);
        LOG.info("receipt: {}", receipt);
        LOG.info("receipt: {}", receipt.json());
        if (file != null) {
            write(file, receipt);
        }
    }

    /** In place, not by a rename: the file of Kubernetes is a mount. */
    private static void write(Path file, DrainReceipt receipt) {
        try {
            Files.write(file, receipt.file());
        } catch (IOException | RuntimeException e) {
            LOG.warn(
                    "the receipt of the drain could not be written to {}: {}; the log has it. Give the process the right to write there",
                    file,
                    e.toString());
        }
    }

    @Override
    public String toString() {
        return "ReceiptWriter{" + (file == null ? "log" : file) + "}";
    }
}
