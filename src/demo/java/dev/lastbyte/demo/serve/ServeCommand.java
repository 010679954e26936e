package dev.lastbyte.demo.serve;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Colour;
import dev.lastbyte.demo.DrainOptions;
import dev.lastbyte.demo.HttpOptions;
import dev.lastbyte.demo.LimitOptions;
import dev.lastbyte.demo.Names;
import dev.lastbyte.demo.Terminal;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.demo.WholeNumbers;
import dev.lastbyte.drain.DrainListener;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.receipt.ReceiptWriter;
import dev.lastbyte.systemd.SystemdNotifier;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The command {@code serve}: a server to try with curl, nc or a browser. Filled by picocli. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {"Serves HTTP or echo, to try with curl or nc. Prints 'listening on HOST:PORT' first.", ""},
        exitCodeListHeading = "%nSIGTERM and Ctrl-C drain the server, then it exits with%n",
        exitCodeList = {
            "0:nobody lost an answer, as far as is known; always with --strategy plain, which knows nothing",
            "1:something failed, for example the port is taken",
            "2:an option is wrong",
            "3:somebody lost an answer at --grace-period, or was still connected at --drain-timeout"
        },
        footer = {
            "",
            "HTTP requests, and what they get:",
            "  GET /bytes/N          N bytes with Content-Length, then a close",
            "  GET /stream/N         N bytes without a length, then a close",
            "  POST /reject          413 and 64 KiB at once, the body unread, then a close",
            "  GET /slow/MS?bytes=N  N (or 100) bytes after MS milliseconds, keep-alive",
            "  Byte i of an answer, counted from 0, is the letter 'a' + i mod 26.",
            "Echo sends back what it gets; a line QUIT, or the client's half-close, ends it.",
            "Times are written 250ms, 30s, 1m; sizes 1000, 64KiB, 8MB, 1m."
        })
public final class ServeCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            description = "address to listen on (default: ${DEFAULT-VALUE})")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            paramLabel = "PORT",
            converter = WholeNumbers.class,
            defaultValue = "0",
            description = "port; 0 takes a free one (default: ${DEFAULT-VALUE})")
    private int port;

    @Option(
            names = "--protocol",
            paramLabel = "NAME",
            defaultValue = "http",
            description = "http or echo (default: ${DEFAULT-VALUE})")
    private String protocol = "http";

    @Option(
            names = "--transport",
            paramLabel = "NAME",
            description = "epoll, io_uring or nio (default: epoll where it runs, else nio)")
    private @Nullable String transport;

    @Option(
            names = "--strategy",
            paramLabel = "NAME",
            defaultValue = "full",
            description =
                    "full, drain, half-close, half-close-linger, linger, or plain: Netty's own close() (default: ${DEFAULT-VALUE})")
    private String strategy = "full";

    @Option(names = "--tls", description = "serve TLS with a fresh self-signed certificate")
    private boolean tls;

    @Option(
            names = "--json",
            description = "print the drain's report as JSON at a terminal too; pipes and files always get JSON")
    private boolean json;

    @Option(names = "--log-closes", description = "print one JSON line per closed connection")
    private boolean logCloses;

    @Option(names = "--log-progress", description = "print the progress of a drain as JSON lines")
    private boolean logProgress;

    @Option(
            names = "--metrics",
            paramLabel = "PORT",
            description =
                    "serve metrics for Prometheus at /metrics of this port; 0 takes a free one, and its line says which")
    private @Nullable Integer metrics;

    @Option(
            names = "--receipt",
            paramLabel = "FILE",
            description = "write the receipt of the drain to this file, in a pod to /dev/termination-log")
    private @Nullable Path receipt;

    @Mixin
    private LimitOptions limits = new LimitOptions();

    @Mixin
    private DrainOptions drain = new DrainOptions();

    @Mixin
    private HttpOptions http = new HttpOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        DrainDisplay display = DrainDisplay.show(logProgress || logCloses);
        DemoServer.Setup setup = setup(logProgress ? new ProgressLines(System.out, display) : display);
        GracefulCloseManager manager = setup.manager();
        if (manager != null && receipt != null) {
            manager.addDrainListener(ReceiptWriter.toFile(receipt));
        }
        try (DemoServer server = listen(setup)) {
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(new EndOfServe(server, display, System.out, wording()), "demo-end"));
            System.out.println("listening on " + asTyped(server.address().getPort()));
            if (metrics != null && manager != null) {
                System.out.println("metrics on " + asTyped(metricsPage(manager, metrics)));
            }
            if (manager != null) {
                SystemdNotifier.install(manager).ready();
            }
            System.out.flush();
            if (Terminal.stdout()) {
                System.err.println(hint(server.address().getPort()));
            }
            server.awaitEnd();
        }
        return 0;
    }

    private Function<Optional<DrainReport>, String> wording() {
        return json || !Terminal.stdout() ? DrainLine::of : new DrainProse(Colour.of(Colour.When.AUTO))::of;
    }

    private int metricsPage(GracefulCloseManager manager, int at) throws IOException {
        try {
            return new MetricsPage(manager, new InetSocketAddress(host, at)).port();
        } catch (IOException | IllegalArgumentException e) {
            throw new IOException("cannot listen on " + asTyped(at) + ": " + e.getMessage(), e);
        }
    }

    /** The host as the user wrote it, not what it was resolved to. */
    private String asTyped(int actualPort) {
        return (host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host) + ":" + actualPort;
    }

    /** What to do now, for somebody who sits at a terminal. */
    private String hint(int actualPort) {
        String call = protocol.equals(Protocol.HTTP.label())
                ? "curl " + (tls ? "-k https" : "http") + "://" + asTyped(actualPort) + "/bytes/100"
                : (tls ? "openssl s_client -quiet -connect " + asTyped(actualPort) : "nc " + host + " " + actualPort);
        return "try: " + call + "   (Ctrl-C drains and ends)";
    }

    private DemoServer.Setup setup(DrainListener listener) throws IOException, InterruptedException {
        Protocol speaks =
                checked("--protocol", () -> Names.find("protocol", protocol, Protocol.values(), Protocol::label));
        Transport runsOn = checked("--transport", this::transport);
        CloseWay way = checked("--strategy", () -> Names.find("strategy", strategy, ways(), CloseWay::label));
        runsOn.unavailable().ifPresent(reason -> {
            throw wrong("--transport: " + runsOn + " is not available here: " + reason);
        });
        CloseLines log = logCloses ? new CloseLines(System.out) : null;
        GracefulCloseManager manager = manager(way, log, listener);
        SslContext context = tls ? SelfSigned.serverContext() : null;
        return new DemoServer.Setup(runsOn, speaks, manager, farewell(), context, log);
    }

    private Transport transport() {
        return transport == null
                ? Transport.preferred()
                : Names.find("transport", transport, Transport.values(), Transport::label);
    }

    private HttpFarewellConfig farewell() {
        try {
            return http.farewell();
        } catch (IllegalArgumentException e) {
            throw wrong(asOption(String.valueOf(e.getMessage())));
        }
    }

    private static CloseWay[] ways() {
        return Arrays.stream(CloseWay.values())
                .filter(way -> way != CloseWay.SO_LINGER)
                .toArray(CloseWay[]::new);
    }

    private @Nullable GracefulCloseManager manager(CloseWay way, @Nullable CloseLines log, DrainListener listener) {
        try {
            if (way.strategy().isEmpty()) {
                return null;
            }
            GracefulCloseConfig.Builder connections =
                    limits.apply(way.strategy().get());
            return drain.apply()
                    .connections((log == null ? connections : connections.closeListener(log)).build())
                    .drainListener(listener)
                    .build();
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw wrong(asOption(String.valueOf(e.getMessage())));
        }
    }

    private DemoServer listen(DemoServer.Setup setup) throws IOException {
        if (port > 65535) {
            throw wrong("--port: " + port + " is not a port; choose from 0 to 65535");
        }
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw wrong("--host: " + host + " is no address of this machine and no known name");
        }
        try {
            return new DemoServer(setup, address);
        } catch (IOException e) {
            throw new IOException("cannot listen on " + asTyped(port) + ": " + e.getMessage(), e);
        }
    }

    /** The library complains about {@code closeTimeout: …} where the user wrote {@code --close-timeout}. */
    static String asOption(String complaint) {
        String name = complaint.split("\\W", 2)[0];
        return "--" + name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT) + complaint.substring(name.length());
    }

    private <T> T checked(String option, Supplier<T> value) {
        try {
            return value.get();
        } catch (TypeConversionException e) {
            throw wrong(option + ": " + e.getMessage());
        }
    }

    private ParameterException wrong(String problem) {
        return new ParameterException(spec == null ? new CommandLine(this) : spec.commandLine(), problem);
    }
}
