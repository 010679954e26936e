package dev.lastbyte.bench.drain;

import dev.lastbyte.bench.report.Samples;
import java.lang.management.ManagementFactory;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * The bytes of all live objects by class, after a full collection: exact to the byte, as the used heap is not.
 * Immutable.
 */
record HeapHistogram(Map<String, Long> bytes) {
    private static final int COLUMNS = 4;

    /** Of this JVM, in one line; nothing of it stays on the heap that is measured next. */
    static String line() throws JMException {
        String table = (String) ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()});
        return table.lines()
                .map(row -> row.trim().split("\\s+"))
                .filter(row -> row.length >= COLUMNS && row[0].endsWith(":") && !row[0].equals("Total"))
                .map(row -> row[3] + " " + row[2])
                .collect(Collectors.joining(" "));
    }

    static HeapHistogram parse(String line) {
        String[] words = line.split(" ");
        Map<String, Long> bytes = new HashMap<>();
        for (int i = 0; i + 1 < words.length; i += 2) {
            bytes.merge(words[i], Long.parseLong(words[i + 1]), Long::sum);
        }
        return new HeapHistogram(bytes);
    }

    long total() {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** The classes that have grown or shrunk most, and by how many bytes per connection. */
    List<String> growthSince(HeapHistogram before, int connections, int most) {
        Map<String, Long> growth = new HashMap<>(bytes);
        before.bytes.forEach((type, size) -> growth.merge(type, -size, Long::sum));
        return growth.entrySet().stream()
                .filter(entry -> entry.getValue() != 0)
                .sorted(Comparator.comparing(entry -> -Math.abs(entry.getValue())))
                .limit(most)
                .map(entry ->
                        "%9s  %s".formatted(Samples.number(entry.getValue() / (double) connections), entry.getKey()))
                .toList();
    }
}
