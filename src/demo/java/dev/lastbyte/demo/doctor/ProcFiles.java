package dev.lastbyte.demo.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** What the kernel tells about itself under {@code /proc} (proc(5)). What cannot be read, or understood, is empty. Immutable. */
final class ProcFiles {
    private final Path root;
    private final Map<String, Long> counters = new HashMap<>();

    ProcFiles(Path root) {
        this.root = root;
        readPairsOfLines(lines("net/netstat"));
        readNamesAndNumbers(lines("net/sockstat"));
    }

    /** The numbers of a setting, such as {@code net.ipv4.tcp_wmem}. */
    Optional<long[]> setting(String name) {
        List<String> lines = lines("sys/" + name.replace('.', '/'));
        try {
            return lines.isEmpty()
                    ? Optional.empty()
                    : Optional.of(Arrays.stream(lines.get(0).trim().split("\\s+"))
                            .mapToLong(Long::parseLong)
                            .toArray());
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** A counter of {@code /proc/net/netstat}, such as {@code TcpExt.TCPAbortOnData}, or of sockstat, such as {@code TCP.tw}. */
    OptionalLong counter(String name) {
        Long value = counters.get(name);
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    /** So many of the kernel's pages, for people: in pages if their size is not told. */
    String pages(long count) {
        OptionalLong size = pageBytes();
        return size.isPresent() ? memory(count * size.getAsLong()) : count + " pages";
    }

    /** The size of a page, as the kernel tells it of this process's own memory. */
    OptionalLong pageBytes() {
        return lines("self/smaps").stream()
                .filter(line -> line.matches("KernelPageSize: +\\d{1,9} kB"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst();
    }

    /** An amount of memory, for people. */
    static String memory(long bytes) {
        return bytes < 1 << 20 ? (bytes >> 10) + " KiB" : (bytes >> 20) + " MiB";
    }

    /** netstat: a line of names, then a line of their values, both with the same first word. */
    private void readPairsOfLines(List<String> lines) {
        for (int i = 0; i + 1 < lines.size(); i += 2) {
            String[] names = lines.get(i).trim().split("\\s+");
            String[] values = lines.get(i + 1).trim().split("\\s+");
            for (int column = 1; column < Math.min(names.length, values.length); column++) {
                put(names[0] + names[column], values[column]);
            }
        }
    }

    /** sockstat: a first word, then names and values in turn. */
    private void readNamesAndNumbers(List<String> lines) {
        for (String line : lines) {
            String[] words = line.trim().split("\\s+");
            for (int i = 1; i + 1 < words.length; i += 2) {
                put(words[0] + words[i], words[i + 1]);
            }
        }
    }

    private void put(String name, String value) {
        try {
            counters.put(name.replace(':', '.'), Long.parseLong(value));
        } catch (NumberFormatException e) {
            // of no use
        }
    }

    private List<String> lines(String file) {
        try { // through a buffer: a setting gives everything at the first read, and nothing to a second read
            return Files.readAllLines(root.resolve(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return List.of();
        }
    }
}
