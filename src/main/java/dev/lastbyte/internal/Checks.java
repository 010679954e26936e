package dev.lastbyte.internal;

import java.time.Duration;
import java.util.Objects;

/** Argument checks whose messages name the parameter, the value and the expected range. Stateless. */
public final class Checks {
    public static final Duration MIN = Duration.ofMillis(1);
    public static final Duration MAX = Duration.ofHours(24);
    private static final String RANGE = DurationText.of(MIN) + " to " + DurationText.of(MAX);

    private Checks() {}

    public static long nanos(Duration value, String name) {
        Objects.requireNonNull(value, name);
        if (value.compareTo(MIN) < 0 || value.compareTo(MAX) > 0) {
            throw new IllegalArgumentException(name + ": " + DurationText.of(value) + " (expected: " + RANGE + ")");
        }
        return value.toNanos();
    }

    public static long nanosOrZero(Duration value, String name) {
        Objects.requireNonNull(value, name);
        if (!value.isZero() && (value.compareTo(MIN) < 0 || value.compareTo(MAX) > 0)) {
            throw new IllegalArgumentException(
                    name + ": " + DurationText.of(value) + " (expected: 0, or " + RANGE + ")");
        }
        return value.toNanos();
    }

    /** A duration as a whole number of units: seconds or milliseconds, as the kernel counts them. */
    public static long whole(Duration value, Duration unit, long min, long max, String name) {
        Objects.requireNonNull(value, name);
        Duration most = unit.multipliedBy(max);
        if (value.compareTo(unit.multipliedBy(min)) < 0
                || value.compareTo(most) > 0
                || !unit.multipliedBy(value.dividedBy(unit)).equals(value)) {
            throw new IllegalArgumentException(name + ": " + DurationText.of(value) + " (expected: "
                    + DurationText.of(unit.multipliedBy(min)) + " to " + DurationText.of(most) + ", a multiple of "
                    + DurationText.of(unit) + ")");
        }
        return value.dividedBy(unit);
    }

    public static long between(long value, long min, long max, String name) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + min + " to " + max + ")");
        }
        return value;
    }

    public static long atLeast(long value, long min, String name) {
        if (value < min) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: >= " + min + ")");
        }
        return value;
    }
}
