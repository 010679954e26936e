package dev.lastbyte.bench.close;

import dev.lastbyte.bench.netty.Setup;
import dev.lastbyte.bench.process.ChildProcess;
import dev.lastbyte.bench.process.MeasuredServer;
import dev.lastbyte.bench.report.BenchOptions;
import dev.lastbyte.demo.Transport;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A {@link CloseServer} in a JVM of its own, begun at once and waited for when its port is asked. Not thread-safe. */
final class NettyServer implements MeasuredServer {
    /** The heap cannot grow during a round, and no compiler thread ends and takes its CPU time with it. */
    private static final List<String> JVM_OPTIONS =
            List.of("-Xms128m", "-Xmx128m", "-XX:-UseDynamicNumberOfCompilerThreads");

    /** Halves the CPU time that a JVM takes to start, in which the smoke form would spend itself. */
    private static final List<String> SMOKE_OPTIONS =
            List.of("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:-UseDynamicNumberOfCompilerThreads");

    private final String label;
    private final ChildProcess child;
    private @Nullable Integer port;

    /**
     * Starts it.
     *
     * @param codec whether it has an {@code HttpServerCodec}, as an application has
     */
    NettyServer(String label, Transport transport, Setup setup, boolean codec, BenchOptions options)
            throws IOException {
        this.label = label;
        child = ChildProcess.jvm(
                options.smoke() ? SMOKE_OPTIONS : JVM_OPTIONS,
                CloseServer.class,
                List.of(transport.name(), setup.name(), Boolean.toString(codec)));
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public int port() throws IOException {
        Integer told = port;
        if (told == null) {
            told = Integer.valueOf(child.await("listening").get(0));
            port = told;
        }
        return told;
    }

    @Override
    public long pid() {
        return child.pid();
    }

    @Override
    public long cpuNanos() throws IOException {
        return child.cpuNanos();
    }

    @Override
    public void close() {
        child.close();
    }
}
