package dev.lastbyte.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** nginx as it discards the body of a request that it has answered, 4 KiB a read, and lingers behind that. Not thread-safe. */
final class NginxDiscard implements DiscardReceiver {
    private static final List<Path> PLACES = List.of(Path.of("/usr/sbin/nginx"), Path.of("/usr/local/sbin/nginx"));
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int GRACE_SECONDS = 5;
    private static final int RETRY_MILLIS = 20;

    /** {port} and {dir} are filled in. One process does all, so that its CPU time is that of the reading. */
    private static final String CONFIGURATION =
            """
            daemon off;
            master_process off;
            worker_processes 1;
            pid {dir}/nginx.pid;
            error_log stderr crit;
            events { worker_connections 64; }
            http {
              access_log off;
              client_body_temp_path {dir}/body;
              proxy_temp_path {dir}/proxy;
              fastcgi_temp_path {dir}/fastcgi;
              uwsgi_temp_path {dir}/uwsgi;
              scgi_temp_path {dir}/scgi;
              client_max_body_size 0;
              lingering_close always;
              lingering_time 300s;
              lingering_timeout 60s;
              server {
                listen 127.0.0.1:{port};
                location / { return 200 "ok"; }
              }
            }
            """;

    private final Process process;
    private final int port;
    private long spentNanos;

    /**
     * Starts it, with all its files in the given directory.
     *
     * @throws IOException if it is not installed (Debian: nginx), or does not listen
     */
    NginxDiscard(Path directory) throws IOException {
        Path binary = PLACES.stream()
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IOException("nginx is not installed (Debian: apt-get install nginx-light)"));
        Path home = Files.createDirectories(directory.resolve("nginx")).toAbsolutePath();
        port = freePort();
        Path file = home.resolve("nginx.conf");
        Files.writeString(
                file, CONFIGURATION.replace("{dir}", home.toString()).replace("{port}", Integer.toString(port)));
        process = new ProcessBuilder(binary.toString(), "-p", home.toString(), "-e", "stderr", "-c", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start();
        awaitListening();
        spentNanos = CpuTime.ofProcess(process.pid());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void awaitListening() throws IOException {
        long start = System.nanoTime();
        while (!isListening()) {
            if (!process.isAlive() || System.nanoTime() - start > PATIENCE_NANOS) {
                close();
                throw new IOException("nginx does not listen");
            }
            try {
                Thread.sleep(RETRY_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                close();
                throw new IOException("interrupted while nginx started", e);
            }
        }
    }

    private boolean isListening() {
        try (Socket probe = new Socket()) {
            probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public DiscardCost cost(long bytes) throws IOException {
        long now = CpuTime.ofProcess(process.pid());
        DiscardCost cost = new DiscardCost(bytes, Double.NaN, now - spentNanos, Double.NaN);
        spentNanos = now;
        return cost;
    }

    @Override
    public void close() {
        process.destroy();
        ProcessEnd.await(process);
    }
}
