package dev.lastbyte.spring;

import dev.lastbyte.drain.DrainListener;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainProgress;
import java.util.List;
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
        beans.forEach(bean -> bean.onPhase(phase));
    }

    @Override
    public void onProgress(DrainProgress progress) {
        beans.forEach(bean -> bean.onProgress(progress));
    }

    /** When the context closes, Boot has published the same before the drain began. */
    private void publish(ReadinessState state) {
        if (availability.getReadinessState() != state) {
            AvailabilityChangeEvent.publish(context, state);
        }
    }
}
