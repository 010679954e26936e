package dev.lastbyte.bench.process;

import java.io.IOException;

/** A server under measurement: a process of its own that answers on a port of the loopback interface. */
public interface MeasuredServer extends AutoCloseable {
    /** The name in tables. */
    String label();

    int port() throws IOException;

    /** The process that holds its connections. */
    long pid() throws IOException;

    /** CPU time of all its processes and threads, in nanoseconds. */
    long cpuNanos() throws IOException;

    @Override
    void close() throws IOException;
}
