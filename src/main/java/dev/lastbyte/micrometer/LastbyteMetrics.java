package dev.lastbyte.micrometer;

import dev.lastbyte.CloseListener;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainProgress;
import dev.lastbyte.drain.GracefulCloseManager;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * Binds what a manager does to Micrometer meters: its closes, connections and drains. docs/metrics.md lists the meters.
 *
 * <pre>{@code
 * new LastbyteMetrics(manager).bindTo(registry);
 * }</pre>
 *
 * <p>Each close is counted when its report is out, on its event loop, by one pass over meters that are known already. Counters so agree
 * with the reports exactly, from the moment of binding on. The gauges ask the manager when they are read. With Spring Boot, a bean of
 * this type is bound to the application's registry.
 *
 * <p>The number of series is bounded: tags have the values of enums, and the names of the transports that are in use. Thread-safe.
 */
public final class LastbyteMetrics implements MeterBinder, AutoCloseable {
    private final GracefulCloseManager manager;
    private final Tags tags;
    private final Map<MeterRegistry, Binding> bindings = new HashMap<>(); // guarded by itself

    /** What has been added for one registry. */
    private record Binding(CloseListener listener, CloseMeters closes, List<Meter> gauges) {}

    /**
     * The metrics of a manager.
     *
     * @throws NullPointerException if {@code manager} is null
     */
    public LastbyteMetrics(GracefulCloseManager manager) {
        this(manager, Tags.empty());
    }

    /**
     * The metrics of a manager, with tags that tell it from other managers of the same registry, for example {@code Tags.of("server",
     * "admin")}. Without, the second manager's gauges are those of the first.
     *
     * @throws NullPointerException if an argument is null
     */
    public LastbyteMetrics(GracefulCloseManager manager, Tags tags) {
        this.manager = Objects.requireNonNull(manager, "manager");
        this.tags = Objects.requireNonNull(tags, "tags");
    }

    /** Adds the meters to a registry, and counts from here on. A second call for the same registry does nothing. */
    @Override
    public void bindTo(MeterRegistry registry) {
        synchronized (bindings) {
            if (!bindings.containsKey(registry)) {
                CloseMeters closes = new CloseMeters(registry, tags);
                CloseListener listener = (channel, report) -> closes.count(report);
                bindings.put(registry, new Binding(listener, closes, gauges(registry)));
                manager.addCloseListener(listener);
            }
        }
    }

    /** Removes the meters from all registries, and counts no more. */
    @Override
    public void close() {
        synchronized (bindings) {
            bindings.forEach((registry, binding) -> {
                manager.removeCloseListener(binding.listener);
                binding.gauges.forEach(registry::remove);
                binding.closes.removeFrom(registry);
            });
            bindings.clear();
        }
    }

    private List<Meter> gauges(MeterRegistry registry) {
        List<Meter> all = new ArrayList<>();
        all.add(gauge("lastbyte.connections.open", GracefulCloseManager::openConnections)
                .description("Connections that are open, closing ones included")
                .register(registry));
        all.add(gauge("lastbyte.connections.busy", GracefulCloseManager::busyConnections)
                .description("Connections with an open exchange; during a drain, those at work")
                .register(registry));
        all.add(gauge("lastbyte.connections.closing", GracefulCloseManager::closingConnections)
                .description("Connections in their close sequence")
                .register(registry));
        for (DrainPhase phase : DrainPhase.values()) {
            all.add(gauge("lastbyte.drain.phase", from -> from.phase() == phase ? 1 : 0)
                    .tag("phase", phase.name().toLowerCase(Locale.ROOT))
                    .description("1 for the phase of the drain, 0 for all others; ready is no drain")
                    .register(registry));
        }
        all.add(gauge("lastbyte.drain.closed", drain(DrainProgress::allClosed))
                .description("Connections that have closed since the drain began")
                .register(registry));
        all.add(gauge("lastbyte.drain.forced", drain(DrainProgress::forced))
                .description("Connections that were closed by force at the deadline of the drain")
                .register(registry));
        all.add(TimeGauge.builder(
                        "lastbyte.drain.time.left", manager, TimeUnit.NANOSECONDS, drain(progress -> progress.timeLeft()
                                .toNanos()))
                .tags(tags)
                .description("Time until the deadline of the drain; 0 without a drain")
                .register(registry));
        return all;
    }

    private Gauge.Builder<GracefulCloseManager> gauge(String name, ToDoubleFunction<GracefulCloseManager> value) {
        return Gauge.builder(name, manager, value).tags(tags);
    }

    /** A figure of the drain, 0 without one. */
    private static ToDoubleFunction<GracefulCloseManager> drain(ToDoubleFunction<DrainProgress> figure) {
        return manager -> manager.drainProgress()
                .map(progress -> figure.applyAsDouble(progress))
                .orElse(0.0);
    }
}
