package dev.lastbyte.testing;

import ch.qos.logback.classic.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.Logger;

/** Fails a test during which any logger warned without the test having said so, or kept silent where it was to warn. */
public final class NoWarnings implements BeforeEachCallback, AfterEachCallback {
    /** Said once in a process, so by whichever test comes first. */
    private static final Pattern ONCE = Pattern.compile("ignore ALLOW_HALF_CLOSURE");

    private static final ConcurrentLinkedQueue<Pattern> EXPECTED = new ConcurrentLinkedQueue<>();

    private static final ConcurrentLinkedQueue<Pattern> TOLERATED = new ConcurrentLinkedQueue<>();

    private final LogRecorder warnings = new LogRecorder(Logger.ROOT_LOGGER_NAME, Level.WARN);

    /** Declares a warning that the running test must bring about, at least once. */
    public static void expect(String regex) {
        EXPECTED.add(Pattern.compile(regex));
    }

    /** Declares a warning that may come. */
    public static void tolerate(String regex) {
        TOLERATED.add(Pattern.compile(regex));
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        EXPECTED.clear();
        TOLERATED.clear();
        warnings.start();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        List<String> unexpected = warnings.stop();
        List<String> missing = new ArrayList<>();
        for (Pattern pattern : EXPECTED) {
            if (!unexpected.removeIf(line -> pattern.matcher(line).find())) {
                missing.add(pattern.pattern());
            }
        }
        unexpected.removeIf(line -> ONCE.matcher(line).find());
        for (Pattern pattern : TOLERATED) {
            unexpected.removeIf(line -> pattern.matcher(line).find());
        }
        if (context.getExecutionException().isEmpty() && !(unexpected.isEmpty() && missing.isEmpty())) {
            throw new AssertionError("unexpected warnings: " + unexpected + "\nwarnings that did not come: " + missing);
        }
    }
}
