package dev.lastbyte;

import java.time.Duration;
import java.util.Objects;

/** Argument checks whose messages name the parameter, the value and the expected range. Stateless. */
final class Checks {
    static final Duration MIN = Duration.ofMillis(1);
    static final Duration MAX = Duration.ofHours(24);

    private Checks() {}

    static long nanos(Duration value, String name) {
        Objects.requireNonNull(value, name);
        if (value.compareTo(MIN) < 0 || value.compareTo(MAX) > 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + MIN + " to " + MAX + ")");
        }
        return value.toNanos();
    }

    static long nanosOrZero(Duration value, String name) {
        Objects.requireNonNull(value, name);
        if (!value.isZero() && (value.compareTo(MIN) < 0 || value.compareTo(MAX) > 0)) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: 0, or " + MIN + " to " + MAX + ")");
        }
        return value.toNanos();
    }

    static long atLeast(long value, long min, String name) {
        if (value < min) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: >= " + min + ")");
        }
        return value;
    }
}
