package dev.lastbyte.bench.close;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A socket that another process holds a descriptor of (/proc/PID/fd): seen from outside, alike for every server, and not
 * mistaken for what the kernel keeps of a connection when it has been closed. Immutable.
 *
 * @param link its inode, as the link says; a descriptor that is used again has another
 */
record HeldSocket(Path descriptor, String link) {
    private static final String SOCKET = "socket:[";

    /** All of a process, by their links. */
    static Map<String, HeldSocket> of(long pid) throws IOException {
        List<Path> descriptors;
        try (Stream<Path> entries = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            descriptors = entries.toList();
        }
        Map<String, HeldSocket> sockets = new HashMap<>();
        for (Path descriptor : descriptors) {
            String link = read(descriptor);
            if (link.startsWith(SOCKET)) {
                sockets.put(link, new HeldSocket(descriptor, link));
            }
        }
        return sockets;
    }

    boolean isHeld() throws IOException {
        return read(descriptor).equals(link);
    }

    private static String read(Path descriptor) throws IOException {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (NoSuchFileException e) {
            return "";
        }
    }
}
