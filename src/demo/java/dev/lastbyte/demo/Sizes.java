package dev.lastbyte.demo;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads sizes in bytes: {@code 1000}, {@code 64KiB} (1024), {@code 8MB} (1000), {@code 1m} (the letter alone counts 1024).
 * Upper and lower case mean the same. Stateless.
 */
public final class Sizes implements ITypeConverter<Long> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,15})(b|k|kb|kib|m|mb|mib|g|gb|gib)?");

    @Override
    public Long convert(String text) {
        Matcher matcher = FORM.matcher(text.trim().toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new TypeConversionException(
                    "'" + text + "' is not a size; write a whole number of bytes, or one with a unit"
                            + " and no space, for example 64KiB, 8MB or 1m");
        }
        try {
            return Math.multiplyExact(Long.parseLong(matcher.group(1)), factor(matcher.group(2)));
        } catch (ArithmeticException e) {
            throw new TypeConversionException(
                    "'" + text + "' is too large; the largest size is " + Long.MAX_VALUE + " bytes");
        }
    }

    /** A size for output, in the largest unit that divides it: {@code 64KiB}, {@code 8MB}, {@code 1000B}. */
    public static String format(long bytes) {
        String[] units = {"GiB", "MiB", "KiB", "GB", "MB", "kB"};
        for (String unit : units) {
            long factor = factor(unit.toLowerCase(Locale.ROOT));
            if (bytes >= factor && bytes % factor == 0) {
                return bytes / factor + unit;
            }
        }
        return bytes + "B";
    }

    private static long factor(@Nullable String unit) {
        return switch (unit == null ? "b" : unit) {
            case "b" -> 1L;
            case "kb" -> 1000L;
            case "mb" -> 1_000_000L;
            case "gb" -> 1_000_000_000L;
            case "k", "kib" -> 1L << 10;
            case "m", "mib" -> 1L << 20;
            default -> 1L << 30;
        };
    }
}
