package dev.lastbyte.demo.serve;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.micrometer.LastbyteMetrics;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.stream.Stream;

/**
 * The metrics of a server for Prometheus, at {@code /metrics} of a port of their own. It answers until the process ends, also during the
 * drain, on a thread of its own. Thread-safe.
 */
final class MetricsPage {
    private static final double[] BUCKET_NANOS = Stream.of(
                    5, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000)
            .mapToDouble(millis -> Duration.ofMillis(millis).toNanos())
            .toArray();

    private final HttpServer server;
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    /** Listens at once. */
    MetricsPage(GracefulCloseManager manager, InetSocketAddress address) throws IOException {
        registry.config().meterFilter(new MeterFilter() {
            @Override
            public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
                return id.getType() == Meter.Type.TIMER
                        ? DistributionStatisticConfig.builder()
                                .serviceLevelObjectives(BUCKET_NANOS)
                                .build()
                                .merge(config)
                        : config;
            }
        });
        new LastbyteMetrics(manager).bindTo(registry);
        server = HttpServer.create(address, 0);
        server.createContext("/metrics", this::answer);
        Thread thread = new Thread(server::start, "demo-metrics"); // its own thread is a child, and so a daemon too
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] page = registry.scrape().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
        }
    }
}
