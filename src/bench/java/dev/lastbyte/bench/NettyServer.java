package dev.lastbyte.bench;

import dev.lastbyte.demo.Transport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A {@link CloseServerCommand} in a JVM of its own, begun at once and waited for when its port is asked. Not thread-safe. */
final class NettyServer implements MeasuredServer {
    /** The heap cannot grow during a round, and no compiler thread ends and takes its CPU time with it. */
    private static final List<String> JVM_OPTIONS =
            List.of("-Xms128m", "-Xmx128m", "-XX:-UseDynamicNumberOfCompilerThreads");

    /** Halves the CPU time that a JVM takes to start, in which the smoke form would spend itself. */
    private static final List<String> SMOKE_OPTIONS =
            List.of("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:-UseDynamicNumberOfCompilerThreads");

    private final String label;
    private final JvmChild child;
    private long @Nullable [] portAndPid;

    NettyServer(String label, Transport transport, CloseWay way, boolean codec, BenchOptions options)
            throws IOException {
        this.label = label;
        List<String> arguments =
                new ArrayList<>(List.of("close-server", "--transport", transport.name(), "--way", way.name()));
        if (codec) {
            arguments.add("--codec");
        }
        child = new JvmChild(options.smoke ? SMOKE_OPTIONS : JVM_OPTIONS, arguments);
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public int port() throws IOException {
        return (int) told()[0];
    }

    @Override
    public long pid() throws IOException {
        return told()[1];
    }

    @Override
    public long cpuNanos() throws IOException {
        return child.cpuNanos();
    }

    @Override
    public void close() throws IOException {
        child.close();
    }

    private long[] told() throws IOException {
        long[] told = portAndPid;
        if (told == null) {
            String[] words = child.read().split(" ");
            told = new long[] {Long.parseLong(words[0]), Long.parseLong(words[1])};
            portAndPid = told;
        }
        return told;
    }
}
