package dev.lastbyte.demo;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads durations as people write them: {@code 250ms}, {@code 30s}, {@code 1m}, {@code 1.5s}. Stateless. */
public final class Durations implements ITypeConverter<Duration> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})(?:\\.(\\d{1,3}))?(us|ms|s|m|h)");

    @Override
    public Duration convert(String text) {
        Matcher matcher = FORM.matcher(text.trim());
        if (!matcher.matches()) {
            throw new TypeConversionException(
                    "'" + text + "' is not a duration; write a number and us, ms, s, m or h without a"
                            + " space, for example 250ms, 30s or 1m");
        }
        long thousandths = Long.parseLong(matcher.group(1)) * 1000 + thousandths(matcher.group(2));
        return Duration.ofNanos(Math.multiplyExact(thousandths, unitNanos(matcher.group(3)) / 1000));
    }

    /** A duration in the same form, for output: {@code 2.5s}, {@code 250ms}. */
    public static String format(Duration duration) {
        long micros = duration.toNanos() / 1000;
        if (micros % 60_000_000 == 0 && micros > 0) {
            return micros / 60_000_000 + "m";
        }
        if (micros >= 1_000_000) {
            return decimal(micros, 1_000_000) + "s";
        }
        return micros % 1000 == 0 || micros > 1000 ? decimal(micros, 1000) + "ms" : micros + "us";
    }

    private static String decimal(long value, long unit) {
        return BigDecimal.valueOf(value)
                .divide(BigDecimal.valueOf(unit))
                .stripTrailingZeros()
                .toPlainString();
    }

    private static long thousandths(@Nullable String fraction) {
        return fraction == null ? 0 : Long.parseLong((fraction + "00").substring(0, 3));
    }

    private static long unitNanos(String unit) {
        return switch (unit) {
            case "us" -> 1_000L;
            case "ms" -> 1_000_000L;
            case "s" -> 1_000_000_000L;
            case "m" -> 60_000_000_000L;
            default -> 3_600_000_000_000L;
        };
    }
}
