package dev.lastbyte.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** The TCP segments to and from one port on the loopback device, as tcpdump saw them. Thread-safe. */
public final class PacketCapture implements AutoCloseable {
    private static final int MARKERS = 30;
    private static final Pattern SEGMENT =
            Pattern.compile("(\\d+)\\.(\\d{6}) IP6? \\S+\\.(\\d+) > \\S+\\.(\\d+): Flags \\[([^]]*)]"
                    + "(?:, seq (\\d+)(?::(\\d+))?)?(?:, ack (\\d+))?.*length (\\d+).*");

    private final int port;
    private final Process tcpdump;
    private final List<Segment> segments = new ArrayList<>();
    private final CompletableFuture<Void> listening = new CompletableFuture<>();
    private final CompletableFuture<List<Segment>> done = new CompletableFuture<>();
    private final Deque<String> lastLines = new ConcurrentLinkedDeque<>();

    /**
     * One segment; sequence numbers are relative, so that the first byte of a side's stream is number 1.
     *
     * @param micros when it was seen, in microseconds since 1970
     * @param end number of the byte behind the last one, or -1
     * @param ack number of the byte that is expected next from the other side, or -1
     */
    public record Segment(long micros, int from, int to, String flags, long end, long ack, int length) {
        public boolean isReset() {
            return flags.contains("R");
        }

        public boolean isFin() {
            return flags.contains("F");
        }

        public boolean isPush() {
            return flags.contains("P");
        }
    }

    private PacketCapture(int port) throws IOException {
        this.port = port;
        tcpdump = new ProcessBuilder(
                        "tcpdump",
                        "-i",
                        "lo",
                        "-n",
                        "-tt",
                        "-l",
                        "--immediate-mode",
                        "-s",
                        "96",
                        "-B",
                        "16384",
                        "tcp port " + port + " or udp port " + port)
                .start();
        read(
                "errors",
                tcpdump.errorReader(),
                this::onMessage,
                () -> listening.completeExceptionally(new IOException("tcpdump ended")));
        read("segments", tcpdump.inputReader(), this::onLine, () -> done.complete(List.copyOf(segments)));
    }

    /** Begins, or skips the test where tcpdump is missing or not permitted. */
    public static PacketCapture start(int port) {
        try {
            PacketCapture capture = new PacketCapture(port);
            capture.listening.get(30, TimeUnit.SECONDS);
            return capture;
        } catch (Exception e) {
            Assumptions.abort("packets cannot be captured here (tcpdump, as root): " + e.getMessage());
            throw new IllegalStateException(e);
        }
    }

    /** Waits until everything sent so far has been seen, a datagram of our own being the last, and returns it. */
    public List<Segment> stop() throws Exception {
        for (int attempt = 0; attempt < MARKERS; attempt++) {
            try (DatagramSocket marker = new DatagramSocket()) {
                marker.send(new DatagramPacket(new byte[1], 1, InetAddress.getLoopbackAddress(), port));
                return done.get(1, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                // tcpdump was slow, or missed it: the next one marks the same moment, for nothing else is sent
            }
        }
        throw new AssertionError("tcpdump saw none of " + MARKERS + " datagrams to port " + port + "; it "
                + (tcpdump.isAlive() ? "runs" : "has ended") + ", its last lines: " + lastLines);
    }

    @Override
    public void close() {
        tcpdump.destroy();
    }

    private void onMessage(String line) {
        if (line.contains("listening on")) {
            listening.complete(null);
        } else if (!line.contains("packets") && !line.contains("verbose output")) {
            listening.completeExceptionally(new IOException(line));
        }
    }

    private void onLine(String line) {
        lastLines.add(line);
        if (lastLines.size() > 5) {
            lastLines.removeFirst();
        }
        if (!line.contains("Flags [")) { // no TCP: the marker, whose protocol tcpdump guesses by its ports
            done.complete(List.copyOf(segments));
            return;
        }
        Matcher match = SEGMENT.matcher(line);
        if (match.find()) {
            String end = match.group(7) == null ? match.group(6) : match.group(7);
            segments.add(new Segment(
                    Long.parseLong(match.group(1)) * 1_000_000 + Long.parseLong(match.group(2)),
                    Integer.parseInt(match.group(3)),
                    Integer.parseInt(match.group(4)),
                    match.group(5),
                    number(end),
                    number(match.group(8)),
                    Integer.parseInt(match.group(9))));
        }
    }

    private static long number(@Nullable String digits) {
        return digits == null ? -1 : Long.parseLong(digits);
    }

    private static void read(String name, BufferedReader lines, Consumer<String> consumer, Runnable atEnd) {
        Thread thread = new Thread(
                () -> {
                    try {
                        lines.lines().forEach(consumer);
                    } catch (UncheckedIOException e) {
                        // the process was ended
                    } finally {
                        atEnd.run();
                    }
                },
                "tcpdump-" + name);
        thread.setDaemon(true);
        thread.start();
    }
}
