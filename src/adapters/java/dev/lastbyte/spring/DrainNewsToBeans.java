package dev.lastbyte.spring;

import dev.lastbyte.drain.DrainListener;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainProgress;
import dev.lastbyte.drain.DrainReport;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationContext;

/**
 * Tells the application of a drain: its readiness, whoever has begun the drain, and the {@link DrainListener} beans. Confined to the
 * manager's listener thread.
 */
final class DrainNewsToBeans implements DrainListener {
    private static final Logger LOG = LoggerFactory.getLogger(DrainNewsToBeans.class);

    private final ApplicationContext context;
    private final ApplicationAvailability availability;
    private final ObjectProvider<DrainListener> provider;
    private List<DrainListener> beans = List.of();

    DrainNewsToBeans(
            ApplicationContext context, ApplicationAvailability availability, ObjectProvider<DrainListener> beans) {
        this.context = context;
        this.availability = availability;
        provider = beans;
    }

    @Override
    public void onPhase(DrainPhase phase) {
        if (beans.isEmpty()) { // not earlier: a bean that has the manager injected would close a circle
            beans = provider.orderedStream().toList();
        }
        publish(phase == DrainPhase.READY ? ReadinessState.ACCEPTING_TRAFFIC : ReadinessState.REFUSING_TRAFFIC);
        tell(bean -> bean.onPhase(phase));
    }

    @Override
    public void onProgress(DrainProgress progress) {
        tell(bean -> bean.onProgress(progress));
    }

    @Override
    public void onReport(DrainReport report) {
        tell(bean -> bean.onReport(report));
    }

    private void tell(Consumer<DrainListener> news) {
        for (DrainListener bean : beans) {
            try {
                news.accept(bean);
            } catch (RuntimeException | Error e) {
                LOG.warn("the DrainListener bean {} threw; its exception changes nothing", bean, e);
            }
        }
    }

    /** When the context closes, Boot has published the same before the drain began. */
    private void publish(ReadinessState state) {
        if (availability.getReadinessState() != state) {
            AvailabilityChangeEvent.publish(context, state);
        }
    }
}
