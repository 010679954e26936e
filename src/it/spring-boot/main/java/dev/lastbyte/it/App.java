package dev.lastbyte.it;

import io.netty.util.Version;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.handler.SimpleUrlHandlerMapping;
import org.springframework.web.reactive.socket.WebSocketHandler;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServer;

/** The application that is stopped under load. It contains nothing of Lastbyte: the dependency does it. */
@SpringBootApplication
@RestController
public class App {
    public static void main(String[] args) {
        Map<String, String> given = new HashMap<>();
        for (String arg : args) {
            given.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        }
        Map<String, Object> properties = new HashMap<>();
        properties.put("server.port", 0);
        properties.put("spring.main.banner-mode", "off");
        properties.put("spring.lifecycle.timeout-per-shutdown-phase", "15s");
        switch (given.get("mode")) {
            case "lastbyte" -> properties.put("lastbyte.drain.long-lived-period", "3s");
            case "graceful", "immediate" -> {
                properties.put("lastbyte.enabled", false);
                properties.put("server.shutdown", given.get("mode"));
            }
            default -> throw new IllegalArgumentException(given.toString());
        }
        if (given.containsKey("tls")) {
            properties.put("server.ssl.key-store", "file:" + given.get("tls"));
            properties.put("server.ssl.key-store-type", "PKCS12");
            properties.put("server.ssl.key-store-password", "lastbyte");
        }
        properties.put("server.http2.enabled", given.get("protocol").startsWith("h2"));
        SpringApplication application = new SpringApplication(App.class);
        application.setDefaultProperties(properties);
        application.run();
    }

    @EventListener
    void ready(ApplicationReadyEvent event) {
        System.out.println("RUNS Spring Boot " + SpringBootVersion.getVersion() + " (Reactor Netty "
                + HttpServer.class.getPackage().getImplementationVersion() + ", Netty "
                + Version.identify().get("netty-common").artifactVersion() + ")");
        System.out.println(
                "PORT " + event.getApplicationContext().getEnvironment().getProperty("local.server.port"));
    }

    @GetMapping("/hello")
    String hello() {
        return "hello\n";
    }

    @GetMapping("/slow")
    Mono<String> slow() {
        return Mono.just("slow\n").delayElement(Duration.ofSeconds(3));
    }

    @GetMapping(value = "/sse", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    Flux<ServerSentEvent<String>> events() {
        return Flux.range(0, 40).delayElements(Duration.ofMillis(100)).map(n -> ServerSentEvent.builder("event " + n)
                .build());
    }

    /** Answers without reading. */
    @PostMapping("/upload")
    ResponseEntity<String> upload() {
        return ResponseEntity.status(413).header("Connection", "close").body("too large\n");
    }

    @Bean
    HandlerMapping sockets() {
        WebSocketHandler handler = session -> session.send(Flux.interval(Duration.ofMillis(200))
                        .onBackpressureDrop()
                        .map(n -> session.textMessage("tick " + n)))
                .and(session.receive());
        return new SimpleUrlHandlerMapping(Map.of("/ws", handler), -1);
    }
}
