package dev.lastbyte.internal;

import java.math.BigDecimal;
import java.time.Duration;

/** Durations as people write them, for messages: {@code 2 min}, {@code 5.3 s}, {@code 250 ms}. Stateless. */
public final class DurationText {
    private static final long MINUTE_SECONDS = 60;
    private static final long HOUR_SECONDS = 3600;

    private DurationText() {}

    /** The exact value: hours or minutes where they are whole, else seconds, and milliseconds below one second. */
    public static String of(Duration duration) {
        long seconds = duration.getSeconds();
        boolean whole = duration.getNano() == 0 && seconds != 0;
        if (whole && seconds % HOUR_SECONDS == 0) {
            return seconds / HOUR_SECONDS + " h";
        }
        if (whole && seconds % MINUTE_SECONDS == 0) {
            return seconds / MINUTE_SECONDS + " min";
        }
        BigDecimal exact = BigDecimal.valueOf(seconds).add(BigDecimal.valueOf(duration.getNano(), 9));
        boolean small = exact.signum() != 0 && exact.abs().compareTo(BigDecimal.ONE) < 0;
        return (small ? exact.movePointRight(3) : exact).stripTrailingZeros().toPlainString() + (small ? " ms" : " s");
    }

    public static String ofNanos(long nanos) {
        return of(Duration.ofNanos(nanos));
    }
}
