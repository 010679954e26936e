package dev.lastbyte.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.farewell.FarewellExchange;
import dev.lastbyte.testing.NoWarnings;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(300)
@ExtendWith(NoWarnings.class)
class LastbyteMetricsTest {
    private static final Pattern ROW = Pattern.compile("^\\| `(lastbyte[a-z.]+)` \\|", Pattern.MULTILINE);

    private final MeterRegistry registry = new SimpleMeterRegistry();

    private static EmbeddedChannel forced(GracefulCloseManager manager) {
        EmbeddedChannel channel = new EmbeddedChannel(manager.newHandler());
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        return channel;
    }

    private double count(String name, String... tags) {
        return registry.get(name).tags(tags).counter().count();
    }

    @Test
    void close_isCountedByWhatTheReportSays() {
        GracefulCloseManager manager = GracefulCloseManager.create();
        new LastbyteMetrics(manager).bindTo(registry);
        forced(manager);
        forced(manager);
        assertEquals(
                2,
                count(
                        "lastbyte.closes",
                        "cause",
                        "forced",
                        "outcome",
                        "unconfirmed",
                        "strategy",
                        "full",
                        "transport",
                        "EmbeddedChannel"));
        assertEquals(2, registry.get("lastbyte.close.duration").timer().count());
        assertEquals(2, registry.get("lastbyte.close.flush.duration").timer().count());
        assertEquals(2, registry.get("lastbyte.close.discard.duration").timer().count());
    }

    /** It has no duration. */
    @Test
    void endWithoutAClose_isCountedAndNotTimed() {
        GracefulCloseManager manager = GracefulCloseManager.create();
        new LastbyteMetrics(manager).bindTo(registry);
        EmbeddedChannel channel = new EmbeddedChannel(manager.newHandler());
        channel.unsafe().close(channel.voidPromise());
        channel.runPendingTasks();
        assertEquals(1, count("lastbyte.closes", "cause", "transport"));
        assertTrue(registry.find("lastbyte.close.duration").timers().isEmpty());
    }

    @Test
    void requests_refusedAndLost_areCounted() {
        GracefulCloseManager manager = GracefulCloseManager.create();
        new LastbyteMetrics(manager).bindTo(registry);
        EmbeddedChannel channel = new EmbeddedChannel(manager.newHandler());
        FarewellExchange farewell =
                FarewellExchange.on(channel.pipeline().firstContext(), "test", Duration.ofSeconds(1));
        farewell.refused(3);
        farewell.lost(2);
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        assertEquals(3, count("lastbyte.requests.refused"));
        assertEquals(2, count("lastbyte.requests.lost"));
    }

    @Test
    void gauges_followTheManager() throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.create();
        new LastbyteMetrics(manager).bindTo(registry);
        EmbeddedChannel channel = new EmbeddedChannel(manager.newHandler());
        GracefulCloseHandler.exchangeStarted(channel);
        assertEquals(1, registry.get("lastbyte.connections.open").gauge().value());
        assertEquals(1, registry.get("lastbyte.connections.busy").gauge().value());
        assertEquals(0, registry.get("lastbyte.connections.closing").gauge().value());
        assertEquals("ready", phases());
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
        manager.drain().get(60, TimeUnit.SECONDS);
        assertEquals(DrainPhase.DRAINED, manager.phase());
        assertEquals("drained", phases());
        assertEquals(0, registry.get("lastbyte.connections.open").gauge().value());
        assertEquals(0, registry.get("lastbyte.drain.forced").gauge().value());
        assertTrue(registry.get("lastbyte.drain.time.left").timeGauge().value(TimeUnit.SECONDS) > 1);
    }

    /** The phases whose gauge is 1. */
    private String phases() {
        return registry.find("lastbyte.drain.phase").gauges().stream()
                .filter(gauge -> gauge.value() > 0)
                .map(gauge -> gauge.getId().getTag("phase"))
                .collect(Collectors.joining(" "));
    }

    @Test
    void bindTo_twice_countsOnce_andCloseEndsIt() {
        GracefulCloseManager manager = GracefulCloseManager.create();
        LastbyteMetrics metrics = new LastbyteMetrics(manager);
        metrics.bindTo(registry);
        metrics.bindTo(registry);
        MeterRegistry other = new SimpleMeterRegistry();
        metrics.bindTo(other);
        forced(manager);
        assertEquals(1, count("lastbyte.closes"));
        assertEquals(1, other.get("lastbyte.closes").counter().count());
        metrics.close();
        forced(manager);
        assertEquals(List.of(), registry.getMeters());
        assertEquals(List.of(), other.getMeters());
    }

    @Test
    void tags_tellManagersApart() {
        GracefulCloseManager one = GracefulCloseManager.create();
        GracefulCloseManager two = GracefulCloseManager.create();
        new LastbyteMetrics(one, Tags.of("server", "one")).bindTo(registry);
        new LastbyteMetrics(two, Tags.of("server", "two")).bindTo(registry);
        forced(two);
        assertEquals(1, count("lastbyte.closes", "server", "two"));
        assertTrue(registry.find("lastbyte.closes")
                .tags("server", "one")
                .counters()
                .isEmpty());
    }

    // ---- what the documentation says -------------------------------------------------------------------------------

    @Test
    void meters_areThoseOfTheDocs_andOfTheDashboard() throws IOException {
        GracefulCloseManager manager = GracefulCloseManager.create();
        PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        new LastbyteMetrics(manager).bindTo(registry);
        new LastbyteMetrics(manager).bindTo(prometheus);
        forced(manager);
        Set<String> documented = new TreeSet<>();
        Matcher row = ROW.matcher(Files.readString(Path.of("docs", "metrics.md")));
        while (row.find()) {
            documented.add(row.group(1));
        }
        assertEquals(
                registry.getMeters().stream()
                        .map(meter -> meter.getId().getName())
                        .collect(Collectors.toCollection(TreeSet::new)),
                documented);
        String scrape = prometheus.scrape();
        Matcher used =
                Pattern.compile("lastbyte_\\w+").matcher(Files.readString(Path.of("docs", "grafana-dashboard.json")));
        int found = 0;
        while (used.find()) {
            String series = used.group().replaceFirst("_bucket$", "_count"); // buckets come when they are asked for
            assertTrue(scrape.contains("\n" + series + " ") || scrape.contains("\n" + series + "{"), series);
            found++;
        }
        assertTrue(found > 10, "the dashboard shows " + found);
    }

    @Test
    void tags_haveFewValues() {
        GracefulCloseManager manager = GracefulCloseManager.create();
        new LastbyteMetrics(manager).bindTo(registry);
        forced(manager);
        Set<String> keys = registry.getMeters().stream()
                .map(Meter::getId)
                .flatMap(id -> id.getTags().stream())
                .map(Tag::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(Set.of("cause", "outcome", "phase", "strategy", "transport"), keys);
    }

    // ---- exactness -------------------------------------------------------------------------------------------------

    /** Counts what the reports say, and 100,000 closes on all event loops are scraped while they go on. */
    @Test
    @SuppressWarnings("deprecation") // Netty 4.1 has no other event loops for local channels
    void counters_manyClosesOnAllLoops_equalTheReportsExactly() throws Exception {
        int loops = 4;
        int closes = 100_000;
        Map<String, LongAdder> told = new ConcurrentHashMap<>();
        AtomicLong reports = new AtomicLong();
        CountDownLatch left = new CountDownLatch(closes);
        Semaphore open = new Semaphore(500);
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .connections(GracefulCloseConfig.builder()
                        .closeListener((channel, report) -> {
                            told.computeIfAbsent(key(report), key -> new LongAdder())
                                    .increment();
                            reports.incrementAndGet();
                        })
                        .build())
                .build();
        PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        new LastbyteMetrics(manager).bindTo(prometheus);
        manager.addCloseListener((channel, report) -> { // told after the metrics
            left.countDown();
            open.release();
        });
        EventLoopGroup group = new DefaultEventLoopGroup(loops);
        try {
            EndsSomehow ends = new EndsSomehow();
            int scrapes = 0;
            for (int i = 0; i < closes; i++) {
                assertTrue(open.tryAcquire(60, TimeUnit.SECONDS), () -> "closes are missing: " + told + ", " + manager);
                Channel channel = new OpenChannel();
                channel.pipeline().addLast(manager.newHandler(), ends);
                group.register(channel);
                if (i % 5000 == 4999) {
                    long before = reports.get();
                    long scraped = sum(scrape(prometheus));
                    assertTrue(before - loops <= scraped, before + " reports, then scraped " + scraped);
                    assertTrue(scraped <= reports.get(), () -> scraped + " scraped of " + reports.get());
                    scrapes++;
                }
            }
            assertTrue(left.await(120, TimeUnit.SECONDS), () -> left.getCount() + " closes are missing");
            assertEquals(20, scrapes);
            Map<String, Long> expected = new TreeMap<>();
            told.forEach((key, value) -> expected.put(key, value.sum()));
            assertTrue(expected.size() >= 3, expected::toString);
            assertEquals(expected, scrape(prometheus));
            assertEquals(closes, sum(expected));
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        }
    }

    private static String key(CloseReport report) {
        return (report.outcome() + " " + report.cause()).toLowerCase(Locale.ROOT);
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    /** The closes in what Prometheus reads, by outcome and cause. */
    private static Map<String, Long> scrape(PrometheusMeterRegistry prometheus) {
        Matcher line = Pattern.compile(
                        "^lastbyte_closes_total\\{cause=\"(\\w+)\",outcome=\"(\\w+)\",.*} (\\S+)$", Pattern.MULTILINE)
                .matcher(prometheus.scrape());
        Map<String, Long> counts = new TreeMap<>();
        while (line.find()) {
            counts.put(line.group(2) + " " + line.group(1), (long) Double.parseDouble(line.group(3)));
        }
        return counts;
    }

    /** A channel that is active without a peer. */
    private static final class OpenChannel extends LocalChannel {
        @Override
        public boolean isActive() {
            return isOpen();
        }
    }

    /** Ends each connection in one of four ways, once it is active. Thread-safe. */
    @ChannelHandler.Sharable
    private static final class EndsSomehow extends ChannelInboundHandlerAdapter {
        private final AtomicLong turn = new AtomicLong();

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            Channel channel = ctx.channel();
            long way = turn.getAndIncrement() % 4;
            channel.eventLoop().execute(() -> {
                if (way == 0) {
                    channel.pipeline().close();
                } else if (way == 1) {
                    GracefulCloseHandler.closeNow(channel);
                } else if (way == 2) {
                    GracefulCloseHandler.abort(channel);
                } else {
                    channel.unsafe().close(channel.voidPromise());
                }
            });
        }
    }
}
