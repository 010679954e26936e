package dev.lastbyte.bench.close;

import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.process.MeasuredServer;
import dev.lastbyte.bench.process.NativeProgram;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * The client of the benches of closing, src/bench/c/closeclient.c: 64 connections at a time, each for one request. Immutable.
 */
final class CloseClient {
    private static final int CONCURRENT = 64;

    private final NativeProgram program;

    CloseClient(NativeProgram program) {
        this.program = program;
    }

    /**
     * What came of one run.
     *
     * @param wrong connections that brought a short answer, a reset or an error
     * @param serverCpuNanos CPU time of the server meanwhile
     * @param clientCpuSeconds CPU time of the client, which is one thread
     */
    record Run(
            long connections,
            double seconds,
            long wrong,
            long p99Micros,
            long serverCpuNanos,
            double clientCpuSeconds) {
        double rate() {
            return connections / seconds;
        }

        double serverMicros() {
            return serverCpuNanos / 1e3 / connections;
        }

        /** What part of the time the client had a core: near 1 it sets the rate. */
        double clientLoad() {
            return clientCpuSeconds / seconds;
        }
    }

    /** Connects to a server for some time. */
    Run run(MeasuredServer server, long millis) throws IOException {
        int port = server.port();
        long before = server.cpuNanos();
        Map<String, Double> told;
        try (ChildProcess client = program.start(port, FixedAnswer.BODY_BYTES, CONCURRENT, millis)) {
            told = parse(client.read());
        }
        long cpu = server.cpuNanos() - before;
        long connections = number(told, "connections");
        long wrong = number(told, "short") + number(told, "resets") + number(told, "errors");
        if (connections == 0) {
            throw new IOException(server.label() + " gave no right answer, " + wrong + " wrong ones");
        }
        return new Run(connections, value(told, "seconds"), wrong, number(told, "p99"), cpu, value(told, "cpu"));
    }

    private static Map<String, Double> parse(String line) {
        Map<String, Double> told = new HashMap<>();
        for (String word : line.split(" ")) {
            int equals = word.indexOf('=');
            told.put(word.substring(0, equals), Double.valueOf(word.substring(equals + 1)));
        }
        return told;
    }

    private static long number(Map<String, Double> told, String key) throws IOException {
        return (long) value(told, key);
    }

    private static double value(Map<String, Double> told, String key) throws IOException {
        Double value = told.get(key);
        if (value == null) {
            throw new IOException("the client did not tell " + key);
        }
        return value;
    }
}
