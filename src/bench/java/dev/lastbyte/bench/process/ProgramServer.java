package dev.lastbyte.bench.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A server that is no JVM, run in the foreground as our child. Ended with this process at the latest. Not
 * thread-safe.
 */
public final class ProgramServer implements MeasuredServer {
    private static final long START_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long STEP_NANOS = Duration.ofMillis(5).toNanos();
    private static final long GRACE_SECONDS = 5;

    private final String label;
    private final Process process;
    private final int port;
    private final Thread hook;

    private ProgramServer(String label, Process process, int port) {
        this.label = label;
        this.process = process;
        this.port = port;
        hook = new Thread(this::stop, "stop-" + label);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** One that prints its port as its first line. */
    public static ProgramServer printing(String label, NativeProgram program, Object... arguments) throws IOException {
        Process process = new ProcessBuilder(program.command(arguments))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output = process.inputReader()) {
            String line = output.readLine();
            if (line == null) {
                throw new IOException(label + " ended at once; see its messages above");
            }
            return new ProgramServer(label, process, Integer.parseInt(line));
        }
    }

    /** One that was told its port; waited for until it accepts. Its messages go to a file. */
    public static ProgramServer told(String label, int port, Path log, List<String> command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        ProgramServer server = new ProgramServer(label, process, port);
        long start = System.nanoTime();
        while (!server.accepts()) {
            if (!process.isAlive() || System.nanoTime() - start > START_NANOS) {
                server.close();
                throw new IOException(label + " did not start; see " + log);
            }
            LockSupport.parkNanos(STEP_NANOS);
        }
        return server;
    }

    /** A port that is free now, for programs that cannot tell which one they have got. */
    public static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private boolean accepts() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public long cpuNanos() throws IOException {
        return CpuTime.ofFamily(process.toHandle());
    }

    @Override
    public void close() {
        stop();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the process is ending: the hook runs
        }
    }

    private void stop() {
        List<ProcessHandle> family = process.descendants().toList();
        process.destroy();
        try {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                family.forEach(ProcessHandle::destroyForcibly);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
        }
    }
}
