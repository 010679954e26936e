package dev.lastbyte.demo.doctor;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What is said about one setting.
 *
 * @param name the setting, as sysctl(8) calls it
 * @param values what was read; empty if that was not possible
 * @param verdict what it means
 */
record Finding(String name, List<Long> values, Verdict verdict) {
    /** A level and its reason in plain words. */
    record Verdict(Level level, String text) {
        static Verdict ok(String text) {
            return new Verdict(Level.OK, text);
        }

        static Verdict note(String text) {
            return new Verdict(Level.NOTE, text);
        }

        static Verdict warn(String text) {
            return new Verdict(Level.WARN, text);
        }
    }

    static Finding unknown(String name) {
        return new Finding(name, List.of(), new Verdict(Level.UNKNOWN, "cannot be read here"));
    }

    static Finding of(String name, long[] values, Verdict verdict) {
        return new Finding(name, Arrays.stream(values).boxed().toList(), verdict);
    }

    String value() {
        return values.isEmpty() ? "?" : values.stream().map(String::valueOf).collect(Collectors.joining(" "));
    }

    Map<String, @Nullable Object> toJson() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("name", name);
        json.put("values", values.isEmpty() ? null : values);
        json.put("level", verdict.level().label());
        json.put("text", verdict.text());
        return json;
    }
}
