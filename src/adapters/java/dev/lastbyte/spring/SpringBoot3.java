package dev.lastbyte.spring;

import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.reactor.LastbyteReactorNetty;
import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.web.embedded.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What Spring Boot 3 has in places of its own. Stateless. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(name = "org.springframework.boot.web.embedded.netty.NettyReactiveWebServerFactory")
class SpringBoot3 {
    @Bean
    WebServerFactoryCustomizer<NettyReactiveWebServerFactory> lastbyteServerCustomizer(GracefulCloseManager manager) {
        return factory -> factory.addServerCustomizers(server -> LastbyteReactorNetty.install(server, manager));
    }

    /** With Actuator: the drain as a part of the application's health. Stateless. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(
            name = {
                "org.springframework.boot.actuate.health.HealthIndicator",
                "org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator"
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
