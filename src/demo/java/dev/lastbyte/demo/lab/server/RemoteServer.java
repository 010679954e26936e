package dev.lastbyte.demo.lab.server;

import dev.lastbyte.demo.CloseWay;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.demo.lab.peer.Child;
import dev.lastbyte.demo.lab.peer.Fields;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The lab's server as a process of its own. Thread-safe. */
public final class RemoteServer implements Server {
    private static final long START_SECONDS = 20;

    private final Map<String, Integer> ports = new ConcurrentHashMap<>();
    private final CountDownLatch ready = new CountDownLatch(1);
    private final String host;
    private final Consumer<ServerResult> results;
    private final Child child;

    /**
     * Starts the process and waits until it listens.
     *
     * @throws IOException if it cannot be started or does not listen in time
     */
    public RemoteServer(
            List<String> before,
            String host,
            LabLimits limits,
            List<Transport> transports,
            List<CloseWay> ways,
            Consumer<ServerResult> results)
            throws IOException, InterruptedException {
        this.host = host;
        this.results = results;
        List<String> arguments = List.of(
                "lab-server",
                "--host",
                host,
                "--slow-read",
                limits.slowRead().toMillis() + "ms",
                "--transport",
                transports.stream().map(Transport::label).collect(Collectors.joining(",")),
                "--strategy",
                ways.stream().map(CloseWay::label).collect(Collectors.joining(",")));
        child = new Child("server", before, arguments, this::onLine);
        if (!ready.await(START_SECONDS, TimeUnit.SECONDS)) {
            child.close();
            throw new IOException("the server process did not listen on " + host + " within " + START_SECONDS + " s");
        }
    }

    private void onLine(Fields line) {
        switch (line.word()) {
            case "port" -> ports.put(line.text("transport") + " " + line.text("strategy"), line.number("port"));
            case "ready" -> ready.countDown();
            case "closed" -> results.accept(ServerResult.from(line));
            default -> throw new IllegalStateException("line: " + line + " (expected: port, ready or closed)");
        }
    }

    @Override
    public String host() {
        return host;
    }

    @Override
    public int port(Transport transport, CloseWay way) {
        child.checkAlive();
        Integer port = ports.get(transport.label() + " " + way.label());
        if (port == null) {
            throw new IllegalStateException("the server has no listener for " + transport + ", " + way);
        }
        return port;
    }

    @Override
    public void close() {
        child.close();
    }
}
