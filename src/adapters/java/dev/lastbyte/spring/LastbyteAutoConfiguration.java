package dev.lastbyte.spring;

import dev.lastbyte.CloseListener;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.drain.DrainListener;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.FarewellInstaller;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.internal.DurationText;
import dev.lastbyte.micrometer.LastbyteMetrics;
import dev.lastbyte.websocket.WebSocketFarewellConfig;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Makes a reactive web application on Reactor Netty drain when it stops. Each bean gives way to one of the user's. Only types that Spring
 * Boot 3.5 and 4 both have are named here; {@link SpringBoot3} and {@link SpringBoot4} name the others. Stateless.
 */
@AutoConfiguration
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnClass(name = "reactor.netty.http.server.HttpServer")
@Conditional(LastbyteAutoConfiguration.Enabled.class)
@EnableConfigurationProperties(LastbyteProperties.class)
@Import({SpringBoot3.class, SpringBoot3.Actuator.class, SpringBoot4.class, SpringBoot4.Actuator.class})
class LastbyteAutoConfiguration {
    private static final String PHASE_TIMEOUT = "spring.lifecycle.timeout-per-shutdown-phase";
    private static final Duration DEFAULT_PHASE_TIMEOUT = Duration.ofSeconds(30);

    /** A drain whose event loops are blocked ends so much later than its timeout. */
    private static final Duration OVERTIME = Duration.ofSeconds(1);

    @Bean
    @ConditionalOnMissingBean
    DrainPolicy lastbyteDrainPolicy(LastbyteProperties properties, Environment environment) {
        return LastbyteSettings.policy(properties.drain(), phaseTimeout(environment));
    }

    @Bean
    @ConditionalOnMissingBean
    GracefulCloseConfig lastbyteCloseConfig(LastbyteProperties properties) {
        return LastbyteSettings.close(properties.close(), GracefulCloseConfig.builder());
    }

    @Bean
    @ConditionalOnMissingBean
    HttpFarewellConfig lastbyteHttpFarewellConfig(LastbyteProperties properties) {
        return LastbyteSettings.http(properties.http());
    }

    @Bean
    @ConditionalOnMissingBean
    WebSocketFarewellConfig lastbyteWebSocketFarewellConfig(LastbyteProperties properties) {
        return LastbyteSettings.webSocket(properties.webSocket());
    }

    @Bean
    @ConditionalOnMissingBean
    FarewellInstaller lastbyteFarewells(
            LastbyteProperties properties, HttpFarewellConfig http, WebSocketFarewellConfig webSocket) {
        return LastbyteSettings.farewells(properties.http2(), http, webSocket);
    }

    /** Spring would call close() once more when all beans are destroyed. */
    @Bean(destroyMethod = "")
    @ConditionalOnMissingBean
    GracefulCloseManager lastbyteManager(
            LastbyteProperties properties,
            GracefulCloseConfig connections,
            DrainPolicy policy,
            FarewellInstaller farewells) {
        GracefulCloseManager.Builder builder = GracefulCloseManager.builder()
                .connections(connections)
                .drainPolicy(policy)
                .farewells(farewells);
        LastbyteSettings.limits(properties, builder);
        return builder.build();
    }

    /** The listeners are told by every manager, also one of the user's. They are looked up late: they may have it injected. */
    @Bean
    DrainLifecycle lastbyteDrainLifecycle(
            GracefulCloseManager manager,
            DrainPolicy policy,
            LastbyteProperties properties,
            Environment environment,
            ApplicationContext context,
            ApplicationAvailability availability,
            ObjectProvider<DrainListener> drainListeners,
            ObjectProvider<CloseListener> closeListeners) {
        manager.addDrainListener(new DrainNewsToBeans(context, availability, drainListeners));
        closeListeners.orderedStream().forEach(manager::addCloseListener);
        Duration phase = phaseTimeout(environment);
        boolean fits = properties.drain().timeout() == null
                && policy.drainTimeout().equals(LastbyteSettings.fitting(phase)); // however short the phase is
        if (!fits && policy.drainTimeout().plus(OVERTIME).compareTo(phase) > 0) {
            throw new InvalidPropertyException(
                    "The drain may take " + DurationText.of(policy.drainTimeout())
                            + " and a second more, but Spring waits only " + DurationText.of(phase) + " ("
                            + PHASE_TIMEOUT + ") and would then close the connections that are left",
                    "Set lastbyte.drain.timeout to " + DurationText.of(phase.minus(OVERTIME)) + " at most, or "
                            + PHASE_TIMEOUT + " to "
                            + DurationText.of(policy.drainTimeout().plus(OVERTIME)) + " at least.",
                    null);
        }
        return new DrainLifecycle(manager);
    }

    /** With Micrometer: the meters of the manager, which the actuator binds to the application's registry. Stateless. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "io.micrometer.core.instrument.binder.MeterBinder")
    static class Meters {
        @Bean
        @ConditionalOnMissingBean
        LastbyteMetrics lastbyteMetrics(GracefulCloseManager manager) {
            return new LastbyteMetrics(manager);
        }
    }

    /** What the health contributor of either line shows, in this order. */
    static Map<String, Object> healthDetails(GracefulCloseManager manager) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("phase", manager.phase().name());
        details.put("open", manager.openConnections());
        details.put("closing", manager.closingConnections());
        return details;
    }

    private static Duration phaseTimeout(Environment environment) {
        return Binder.get(environment).bind(PHASE_TIMEOUT, Duration.class).orElse(DEFAULT_PHASE_TIMEOUT);
    }

    /** Whether {@code lastbyte.enabled} is not false. A value that is neither true nor false stops the start. Stateless. */
    static final class Enabled implements Condition {
        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return Binder.get(context.getEnvironment())
                    .bind("lastbyte.enabled", Boolean.class)
                    .orElse(true);
        }
    }
}
