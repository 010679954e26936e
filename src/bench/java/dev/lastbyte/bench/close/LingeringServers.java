package dev.lastbyte.bench.close;

import dev.lastbyte.bench.process.MeasuredServer;
import dev.lastbyte.bench.process.ProgramServer;
import dev.lastbyte.bench.process.SystemTool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Other servers that read on after their last answer, each with the least configuration that serves {@link FixedAnswer#body}
 * from memory or from one file, without a log, in the foreground. Their files are gone when they are closed. Immutable.
 */
final class LingeringServers implements AutoCloseable {
    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));
    private static final Path APACHE_MODULES = Path.of("/usr/lib/apache2/modules");

    private final Path directory;

    /** Makes a directory for their files that other users can read: httpd's workers do not run as root. */
    LingeringServers() throws IOException {
        directory = Files.createTempDirectory("lastbyte-bench");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** nginx, one worker, {@code lingering_close always}; empty if it is not installed. */
    Optional<MeasuredServer> nginx(String leftOut) throws IOException {
        Optional<Path> program = SystemTool.find("nginx", "nginx-light", leftOut);
        if (program.isEmpty()) {
            return Optional.empty();
        }
        int port = ProgramServer.freePort();
        Path home = home("nginx");
        Path config = write(
                home.resolve("nginx.conf"),
                """
                daemon off;
                master_process off;
                pid nginx.pid;
                error_log stderr;
                events { worker_connections 4096; }
                http {
                  access_log off;
                  default_type text/plain;
                  lingering_close always;
                  client_body_temp_path body;
                  proxy_temp_path proxy;
                  fastcgi_temp_path fastcgi;
                  uwsgi_temp_path uwsgi;
                  scgi_temp_path scgi;
                  server {
                    listen 127.0.0.1:%d backlog=1024;
                    location / { return 200 "%s"; }
                  }
                }
                """
                        .formatted(port, FixedAnswer.body()));
        return start("nginx", port, home, program.get(), "-p", home, "-c", config, "-e", "stderr");
    }

    /** Apache httpd with the event MPM, one process, as many threads as there are clients; empty if it is not installed. */
    Optional<MeasuredServer> httpd(String leftOut) throws IOException {
        Optional<Path> program = SystemTool.find("apache2", "apache2", leftOut);
        if (program.isEmpty()) {
            return Optional.empty();
        }
        int port = ProgramServer.freePort();
        Path home = home("httpd");
        Path site = Files.createDirectory(home.resolve("site"));
        write(site.resolve("index.txt"), FixedAnswer.body());
        Path config = write(
                home.resolve("httpd.conf"),
                """
                ServerRoot %1$s
                DefaultRuntimeDir %1$s
                PidFile %1$s/httpd.pid
                LoadModule mpm_event_module %3$s/mod_mpm_event.so
                LoadModule authz_core_module %3$s/mod_authz_core.so
                LoadModule dir_module %3$s/mod_dir.so
                LoadModule mime_module %3$s/mod_mime.so
                TypesConfig /dev/null
                AddType text/plain .txt
                Listen 127.0.0.1:%2$d
                ListenBacklog 1024
                ServerName localhost
                %4$s
                ServerLimit 1
                StartServers 1
                ThreadsPerChild 64
                MaxRequestWorkers 64
                DocumentRoot %1$s/site
                DirectoryIndex index.txt
                <Directory %1$s/site>
                  Require all granted
                </Directory>
                ErrorLog %1$s/error.log
                """
                        .formatted(home, port, APACHE_MODULES, ROOT ? "User www-data\nGroup www-data" : ""));
        return start("httpd", port, home, program.get(), "-f", config, "-DFOREGROUND");
    }

    /** HAProxy, one thread, answering by itself; empty if it is not installed. */
    Optional<MeasuredServer> haproxy(String leftOut) throws IOException {
        Optional<Path> program = SystemTool.find("haproxy", "haproxy", leftOut);
        if (program.isEmpty()) {
            return Optional.empty();
        }
        int port = ProgramServer.freePort();
        Path home = home("haproxy");
        Path config = write(
                home.resolve("haproxy.cfg"),
                """
                global
                  nbthread 1
                  maxconn 4096
                defaults
                  mode http
                  timeout client 30s
                  timeout server 30s
                  timeout connect 5s
                frontend bench
                  bind 127.0.0.1:%d backlog 1024
                  http-request return status 200 content-type text/plain string %s
                """
                        .formatted(port, FixedAnswer.body()));
        return start("haproxy", port, home, program.get(), "-db", "-f", config);
    }

    private Path home(String name) throws IOException {
        Path home = Files.createDirectory(directory.resolve(name)).toAbsolutePath();
        return Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static Path write(Path file, String text) throws IOException {
        return Files.writeString(file, text);
    }

    private static Optional<MeasuredServer> start(String label, int port, Path home, Path program, Object... arguments)
            throws IOException {
        Stream<String> command =
                Stream.concat(Stream.of(program), Stream.of(arguments)).map(Object::toString);
        return Optional.of(ProgramServer.told(label, port, home.resolve("messages"), command.toList()));
    }

    /** Deletes their files; the servers have ended. */
    @Override
    public void close() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            List<Path> deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
            for (Path entry : deepestFirst) {
                Files.deleteIfExists(entry);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
