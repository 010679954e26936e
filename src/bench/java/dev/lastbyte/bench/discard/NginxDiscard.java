package dev.lastbyte.bench.discard;

import dev.lastbyte.bench.process.ProgramServer;
import dev.lastbyte.bench.process.SystemTool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * nginx as it discards the body of a request that it has answered, 4 KiB a read, and lingers behind that. Not
 * thread-safe.
 */
final class NginxDiscard implements DiscardReceiver {
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

    private final ProgramServer server;
    private long spentNanos;

    private NginxDiscard(ProgramServer server) throws IOException {
        this.server = server;
        spentNanos = server.cpuNanos();
    }

    /** Starts it, with all its files in the given directory; empty if it is not installed. */
    static Optional<DiscardReceiver> start(Path directory) throws IOException {
        Optional<Path> program = SystemTool.find("nginx", "nginx-light", "left out");
        if (program.isEmpty()) {
            return Optional.empty();
        }
        Path home = Files.createDirectories(directory.resolve("nginx")).toAbsolutePath();
        int port = ProgramServer.freePort();
        Path file = home.resolve("nginx.conf");
        Files.writeString(
                file, CONFIGURATION.replace("{dir}", home.toString()).replace("{port}", Integer.toString(port)));
        List<String> command =
                List.of(program.get().toString(), "-p", home.toString(), "-e", "stderr", "-c", file.toString());
        return Optional.of(new NginxDiscard(ProgramServer.told("nginx", port, home.resolve("messages"), command)));
    }

    @Override
    public int port() {
        return server.port();
    }

    @Override
    public Cost cost(long bytes) throws IOException {
        long now = server.cpuNanos();
        Cost cost = new Cost(bytes, Double.NaN, now - spentNanos, Double.NaN);
        spentNanos = now;
        return cost;
    }

    @Override
    public void close() {
        server.close();
    }
}
