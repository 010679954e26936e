package dev.lastbyte.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseListener;
import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.auto.Farewells;
import dev.lastbyte.drain.DrainListener;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.DrainReport;
import dev.lastbyte.drain.FarewellInstaller;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.it.App;
import dev.lastbyte.websocket.WebSocketFarewellConfig;
import io.netty.channel.Channel;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What an application gets that has the dependency, on each line of Spring Boot. */
@ExtendWith(OutputCaptureExtension.class)
class LastbyteAutoConfigurationTest {
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private static ConfigurableApplicationContext start(Class<?> more, String... properties) {
        return new SpringApplicationBuilder(App.class, more)
                .properties("server.port=0", "spring.main.banner-mode=off", "lastbyte.drain.idle-after=200ms")
                .properties(properties)
                .run();
    }

    private static ConfigurableApplicationContext start(String... properties) {
        return start(Nothing.class, properties);
    }

    private static HttpResponse<String> get(ConfigurableApplicationContext context, String path) {
        return request(context, "local.server.port", path).join();
    }

    private static CompletableFuture<HttpResponse<String>> request(
            ConfigurableApplicationContext context, String port, String path) {
        URI uri = URI.create("http://127.0.0.1:" + context.getEnvironment().getProperty(port) + path);
        return CLIENT.sendAsync(
                HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "not within 20 s");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    // ---- the beans -------------------------------------------------------------------------------------------------

    @Test
    void application_withTheDependencyAlone_hasItsConnectionsManaged() {
        try (var context = start()) {
            GracefulCloseManager manager = context.getBean(Injected.class).manager();
            assertEquals("hello\n", get(context, "/hello").body());
            assertTrue(manager.openConnections() > 0, manager::toString);
            assertEquals(
                    Duration.ofSeconds(28), context.getBean(DrainPolicy.class).drainTimeout());
        }
    }

    @Test
    void application_thatSwitchesItOff_hasNothing() {
        try (var context = start(Empty.class, "lastbyte.enabled=false")) {
            assertEquals(0, context.getBeanNamesForType(GracefulCloseManager.class).length);
            assertEquals(0, context.getBeanNamesForType(DrainLifecycle.class).length);
            assertEquals("hello\n", get(context, "/hello").body());
        }
    }

    @Test
    void properties_reachTheConfigurations() {
        try (var context = start(
                "lastbyte.drain.announce-delay=100ms",
                "lastbyte.drain.grace-period=7s",
                "lastbyte.drain.long-lived-period=2s",
                "lastbyte.close.timeout=9s",
                "lastbyte.close.max-discarded-bytes=1MB",
                "lastbyte.close.stalled-peer=reset",
                "lastbyte.http.min-idle-protection=0s",
                "lastbyte.http.half-close=false",
                "lastbyte.web-socket.status=1012",
                "lastbyte.web-socket.reason=restart")) {
            DrainPolicy policy = context.getBean(DrainPolicy.class);
            assertEquals(Duration.ofMillis(100), policy.announceDelay());
            assertEquals(Duration.ofSeconds(7), policy.gracePeriod());
            assertEquals(Duration.ofSeconds(2), policy.longLivedPeriod());
            GracefulCloseConfig close = context.getBean(GracefulCloseConfig.class);
            assertEquals(Duration.ofSeconds(9), close.closeTimeout());
            assertEquals(1 << 20, close.maxDiscardedBytes());
            assertEquals("RESET", close.stalledPeer().name());
            HttpFarewellConfig http = context.getBean(HttpFarewellConfig.class);
            assertTrue(http.minIdleProtection().isEmpty());
            assertFalse(http.servesHalfClosedClients());
            WebSocketFarewellConfig socket = context.getBean(WebSocketFarewellConfig.class);
            assertEquals(1012, socket.status());
            assertEquals("restart", socket.reason());
        }
    }

    @Test
    void yamlOfThePage_isUnderstood(@TempDir Path directory) throws Exception {
        String page = Files.readString(Path.of("../../../docs/frameworks/spring-boot.md"));
        String yaml = page.substring(page.indexOf("```yaml") + "```yaml".length());
        Path file = Files.writeString(directory.resolve("application.yaml"), yaml.substring(0, yaml.indexOf("```")));
        try (var context = start("spring.config.additional-location=" + file.toUri())) {
            DrainPolicy policy = context.getBean(DrainPolicy.class);
            assertEquals(Duration.ofSeconds(40), policy.drainTimeout());
            assertEquals(Duration.ofSeconds(5), policy.announceDelay());
            context.getBean(GracefulCloseManager.class).drain(DrainPolicy.defaults()); // without the announcement
        }
    }

    @Test
    void drainTimeout_thatIsNotSet_fitsIntoSpringsPhase() {
        try (var context = start("spring.lifecycle.timeout-per-shutdown-phase=10s")) {
            assertEquals(
                    Duration.ofSeconds(8), context.getBean(DrainPolicy.class).drainTimeout());
        }
    }

    @Test
    void phaseOfSpring_thatIsShort_stopsNobodysStart() {
        try (var context = start("spring.lifecycle.timeout-per-shutdown-phase=1s")) {
            assertEquals(
                    Duration.ofMillis(500), context.getBean(DrainPolicy.class).drainTimeout());
        }
    }

    @Test
    void listenersOfTheUser_areTold_alsoByAManagerOfTheirOwn() {
        List<Heard> heard;
        try (var context = start(Listeners.class)) {
            heard = List.copyOf(context.getBeansOfType(Heard.class).values());
            assertEquals(2, heard.size());
            get(context, "/");
        }
        for (Heard each : heard) {
            await(() -> each.drains().size() == 1);
            await(() -> !each.closes().isEmpty());
        }
    }

    @Test
    void beansOfTheUser_win() {
        try (var context = start(Own.class)) {
            assertSame(Own.MANAGER, context.getBean(GracefulCloseManager.class));
            assertSame(Own.POLICY, context.getBean(DrainPolicy.class));
            assertSame(Own.CLOSE, context.getBean(GracefulCloseConfig.class));
            assertSame(Own.FAREWELLS, context.getBean(FarewellInstaller.class));
            assertEquals("hello\n", get(context, "/hello").body());
            assertTrue(Own.MANAGER.openConnections() > 0);
        }
        assertEquals(DrainPhase.DRAINED, Own.MANAGER.phase(), "closing the context drains it");
    }

    @Test
    void lifecycle_stopsJustBeforeTheGracefulShutdownOfBoot() throws Exception {
        try (var context = start()) {
            assertEquals(bootPhase() + 1, context.getBean(DrainLifecycle.class).getPhase());
            assertTrue(context.getBean(DrainLifecycle.class) instanceof SmartLifecycle);
        }
    }

    private static int bootPhase() throws ReflectiveOperationException {
        try {
            return Class.forName("org.springframework.boot.web.context.WebServerGracefulShutdownLifecycle")
                    .getField("SMART_LIFECYCLE_PHASE")
                    .getInt(null);
        } catch (ClassNotFoundException e) { // Spring Boot 4
            return Class.forName("org.springframework.boot.web.server.context.WebServerApplicationContext")
                    .getField("GRACEFUL_SHUTDOWN_PHASE")
                    .getInt(null);
        }
    }

    // ---- what stops the start --------------------------------------------------------------------------------------

    private static void failsToStart(CapturedOutput output, String expected, String... properties) {
        assertThrows(RuntimeException.class, () -> start(properties).close());
        assertTrue(output.toString().contains("APPLICATION FAILED TO START"), output.toString());
        assertTrue(output.toString().contains(expected), output.toString());
    }

    @Test
    void unknownProperty_stopsTheStart_andIsNamed(CapturedOutput output) {
        failsToStart(output, "lastbyte.drain.timeot", "lastbyte.drain.timeot=5s");
    }

    @Test
    void valueOfTheWrongKind_stopsTheStart_andIsNamed(CapturedOutput output) {
        failsToStart(output, "lastbyte.enabled", "lastbyte.enabled=maybe");
    }

    @Test
    void valueOutOfRange_stopsTheStart_withItsRange(CapturedOutput output) {
        failsToStart(
                output,
                "lastbyte.web-socket.status cannot be used: status: 1005 (expected: 1000 to 1003,",
                "lastbyte.web-socket.status=1005");
    }

    @Test
    void timesThatDoNotFitTogether_stopTheStart_withWhatWouldFit(CapturedOutput output) {
        failsToStart(
                output,
                "The properties lastbyte.drain.* do not fit together: drainTimeout 5 s is too short: needs at least 10.6 s",
                "lastbyte.drain.timeout=5s",
                "lastbyte.drain.grace-period=10s");
    }

    @Test
    void drainThatIsLongerThanSpringWaits_stopsTheStart_withBothProperties(CapturedOutput output) {
        failsToStart(
                output,
                "Set lastbyte.drain.timeout to 29 s at most, or spring.lifecycle.timeout-per-shutdown-phase to 46 s at least.",
                "lastbyte.drain.timeout=45s");
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    @Test
    void close_turnsReadinessOff_servesWhileItAnnounces_andFinishesRequests() {
        var context = start("lastbyte.drain.announce-delay=1500ms", "management.endpoint.health.probes.enabled=true");
        GracefulCloseManager manager = context.getBean(GracefulCloseManager.class);
        List<DrainPhase> phases = context.getBean(Phases.class).seen();
        assertEquals(200, get(context, "/actuator/health/readiness").statusCode());
        var slow = request(context, "local.server.port", "/slow");
        await(() -> manager.openConnections() > 0);
        CompletableFuture<Void> closed = CompletableFuture.runAsync(context::close);
        await(() -> get(context, "/actuator/health/readiness").statusCode() == 503);
        assertEquals(200, get(context, "/actuator/health/liveness").statusCode());
        assertEquals("hello\n", get(context, "/hello").body());
        assertEquals(DrainPhase.ANNOUNCING, manager.phase(), "the answers came while it was announced");
        assertEquals("slow\n", slow.join().body());
        closed.join();
        assertEquals(DrainPhase.DRAINED, manager.phase());
        await(() -> phases.contains(DrainPhase.DRAINED));
        assertEquals(DrainPhase.ANNOUNCING, phases.get(0));
    }

    @Test
    void readiness_onAPortOfItsOwn_staysReachableWhileTheDrainRuns() {
        var context = start(
                "lastbyte.drain.announce-delay=1500ms",
                "management.server.port=0",
                "management.endpoint.health.probes.enabled=true");
        GracefulCloseManager manager = context.getBean(GracefulCloseManager.class);
        var slow = request(context, "local.server.port", "/slow");
        await(() -> manager.openConnections() > 0);
        CompletableFuture<Void> closed = CompletableFuture.runAsync(context::close);
        await(() -> manager.phase() == DrainPhase.FINISHING);
        assertEquals(
                503,
                request(context, "local.management.port", "/actuator/health/readiness")
                        .join()
                        .statusCode());
        assertEquals("slow\n", slow.join().body());
        closed.join();
    }

    @Test
    void drainOfTheUser_turnsReadinessOff_andCancellingTurnsItOn() {
        try (var context = start(
                "lastbyte.drain.announce-delay=20s",
                "lastbyte.drain.grace-period=5s",
                "management.endpoint.health.show-components=always")) {
            GracefulCloseManager manager = context.getBean(GracefulCloseManager.class);
            ApplicationAvailability availability = context.getBean(ApplicationAvailability.class);
            assertEquals("UP", status(get(context, "/actuator/health/lastbyte")));
            manager.drain();
            await(() -> availability.getReadinessState() == ReadinessState.REFUSING_TRAFFIC);
            HttpResponse<String> health = get(context, "/actuator/health/lastbyte");
            assertEquals(503, health.statusCode());
            assertEquals("OUT_OF_SERVICE", status(health));
            assertTrue(manager.cancelDrain());
            await(() -> availability.getReadinessState() == ReadinessState.ACCEPTING_TRAFFIC);
            manager.drain(DrainPolicy.builder()
                    .drainTimeout(Duration.ofSeconds(5))
                    .idleAfter(Duration.ofMillis(200))
                    .build()); // the context's own would announce itself for 20 s
        }
    }

    @Test
    void actuator_showsTheMetersWithoutCode() {
        try (var context = start("management.endpoints.web.exposure.include=metrics")) {
            HttpResponse<String> open = get(context, "/actuator/metrics/lastbyte.connections.open");
            assertEquals(200, open.statusCode(), open::body);
            assertTrue(open.body().matches("(?s).*\"value\":[1-9].*"), open::body); // this one, at least
        }
    }

    private static String status(HttpResponse<String> health) {
        return health.body().replaceAll("(?s).*\"status\":\"(\\w+)\".*", "$1");
    }

    @Test
    void health_thatIsSwitchedOff_isNotThere() {
        try (var context = start("management.health.lastbyte.enabled=false")) {
            assertFalse(context.containsBean("lastbyteHealthIndicator"));
        }
        try (var context = start()) {
            assertTrue(context.containsBean("lastbyteHealthIndicator"));
        }
    }

    // ---- applications ----------------------------------------------------------------------------------------------

    record Injected(GracefulCloseManager manager) {}

    record Phases(GracefulCloseManager manager, List<DrainPhase> seen) implements DrainListener {
        @Override
        public void onPhase(DrainPhase phase) {
            seen.add(phase);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Nothing {
        @Bean
        Injected injected(GracefulCloseManager manager) {
            return new Injected(manager);
        }

        /** One that has the manager injected, which is told of drains. */
        @Bean
        Phases phases(GracefulCloseManager manager) {
            return new Phases(manager, new CopyOnWriteArrayList<>());
        }
    }

    record Heard(GracefulCloseManager manager, List<DrainReport> drains, List<CloseReport> closes)
            implements DrainListener, CloseListener {
        Heard(GracefulCloseManager manager) {
            this(manager, new CopyOnWriteArrayList<>(), new CopyOnWriteArrayList<>());
        }

        @Override
        public void onReport(DrainReport report) {
            drains.add(report);
        }

        @Override
        public void onClose(Channel channel, CloseReport report) {
            closes.add(report);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Listeners {
        @Bean(destroyMethod = "")
        GracefulCloseManager manager(DrainPolicy policy) {
            return GracefulCloseManager.builder().drainPolicy(policy).build();
        }

        @Bean
        Heard one(GracefulCloseManager manager) {
            return new Heard(manager);
        }

        @Bean
        Heard another(GracefulCloseManager manager) {
            return new Heard(manager);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Empty {}

    @Configuration(proxyBeanMethods = false)
    static class Own {
        static final DrainPolicy POLICY = DrainPolicy.builder()
                .drainTimeout(Duration.ofSeconds(6))
                .idleAfter(Duration.ofMillis(200))
                .build();
        static final GracefulCloseConfig CLOSE = GracefulCloseConfig.builder().build();
        static final Farewells FAREWELLS = Farewells.auto();
        static final GracefulCloseManager MANAGER =
                GracefulCloseManager.builder().drainPolicy(POLICY).build();

        @Bean
        DrainPolicy policy() {
            return POLICY;
        }

        @Bean
        GracefulCloseConfig close() {
            return CLOSE;
        }

        @Bean
        Farewells farewells() {
            return FAREWELLS;
        }

        @Bean
        GracefulCloseManager manager() {
            return MANAGER;
        }
    }
}
