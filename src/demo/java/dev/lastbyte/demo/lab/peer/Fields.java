package dev.lastbyte.demo.lab.peer;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One line between the lab's processes: a word, then {@code name=value} pairs, separated by spaces. Values are URL-encoded,
 * so any text fits. Confined to one thread.
 */
public final class Fields {
    private final String word;
    private final Map<String, String> values = new LinkedHashMap<>();

    public Fields(String word) {
        this.word = word;
    }

    /**
     * Reads a line back.
     *
     * @throws IllegalArgumentException if it is not of the form
     */
    static Fields parse(String line) {
        String[] parts = line.trim().split(" ");
        Fields fields = new Fields(parts[0]);
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("line: " + line + " (expected: a word and name=value pairs)");
            }
            fields.values.put(
                    parts[i].substring(0, equals),
                    URLDecoder.decode(parts[i].substring(equals + 1), StandardCharsets.UTF_8));
        }
        return fields;
    }

    public String word() {
        return word;
    }

    public Fields with(String name, Object value) {
        values.put(name, String.valueOf(value));
        return this;
    }

    public String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException(name + ": missing in '" + this + "'");
        }
        return value;
    }

    public int number(String name) {
        return Integer.parseInt(text(name));
    }

    public long big(String name) {
        return Long.parseLong(text(name));
    }

    boolean flag(String name) {
        return Boolean.parseBoolean(text(name));
    }

    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(word);
        values.forEach((name, value) ->
                line.append(' ').append(name).append('=').append(URLEncoder.encode(value, StandardCharsets.UTF_8)));
        return line.toString();
    }
}
