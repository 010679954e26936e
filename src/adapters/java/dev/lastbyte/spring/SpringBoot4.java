package dev.lastbyte.spring;

import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.reactor.LastbyteReactorNetty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What Spring Boot 4 has in places of its own. Stateless. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(name = "org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory")
class SpringBoot4 {
    @Bean
    WebServerFactoryCustomizer<NettyReactiveWebServerFactory> lastbyteServerCustomizer(GracefulCloseManager manager) {
        return factory -> factory.addServerCustomizers(server -> LastbyteReactorNetty.install(server, manager));
    }

    /** With Actuator: the drain as a part of the application's health. Stateless. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(
            name = {
                "org.springframework.boot.health.contributor.HealthIndicator",
                "org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator"
            })
    @ConditionalOnEnabledHealthIndicator("lastbyte")
    static class Actuator {
        @Bean
        @ConditionalOnMissingBean(name = "lastbyteHealthIndicator")
        HealthIndicator lastbyteHealthIndicator(GracefulCloseManager manager) {
            return () -> (manager.isReady() ? Health.up() : Health.outOfService())
                    .withDetails(LastbyteAutoConfiguration.healthDetails(manager))
                    .build();
        }
    }
}
