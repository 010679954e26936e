package dev.lastbyte.systemd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.SystemdSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What systemd is told, on a socket that is the test's. */
@Timeout(120)
@ExtendWith(NoWarnings.class)
class SystemdNotifierIT {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void service_isReady_thenDrains_andTellsEachStep(boolean isAbstract) throws Exception {
        String name = isAbstract
                ? "@lastbyte-test-" + ProcessHandle.current().pid() + System.nanoTime()
                : directory.resolve("notify").toString();
        try (SystemdSocket systemd = new SystemdSocket(name)) {
            GracefulCloseManager manager = GracefulCloseManager.create();
            SystemdNotifier notifier = SystemdNotifier.install(manager, key -> name);
            assertTrue(notifier.isActive());
            notifier.ready();
            assertEquals(List.of("READY=1\nSTATUS=serving"), systemd.received());
            manager.drain(DrainPolicy.builder()
                            .announceDelay(Duration.ofMillis(50))
                            .build())
                    .get(60, TimeUnit.SECONDS);
            List<String> told = systemd.received();
            int stopping = told.indexOf("STOPPING=1");
            assertTrue(stopping >= 0, told::toString);
            assertTrue(
                    told.stream()
                            .anyMatch(state -> state.matches(
                                    "EXTEND_TIMEOUT_USEC=\\d{8}\nSTATUS=drain [A-Z_]+: 0 open, 0 busy, .* s left")),
                    told::toString);
            assertEquals("STATUS=drained: COMPLETE, 0 requests lost, 0 connections forced", told.get(told.size() - 1));
        }
    }

    /** A drain that was cancelled leaves the service running: systemd must not have heard of its end. */
    @Test
    void cancelledDrain_neverSaysStopping() throws Exception {
        String name = directory.resolve("notify").toString();
        try (SystemdSocket systemd = new SystemdSocket(name)) {
            GracefulCloseManager manager = GracefulCloseManager.create();
            SystemdNotifier.install(manager, key -> name);
            var drain = manager.drain(DrainPolicy.builder()
                    .announceDelay(Duration.ofSeconds(20))
                    .drainTimeout(Duration.ofMinutes(10))
                    .build());
            assertTrue(manager.cancelDrain());
            drain.get(60, TimeUnit.SECONDS);
            List<String> told = systemd.received();
            assertFalse(told.contains("STOPPING=1"), told::toString);
            assertTrue(told.contains("STATUS=serving"), told::toString);
        }
    }

    @Test
    void noSocketInTheEnvironment_doesNothing() throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.create();
        SystemdNotifier notifier = SystemdNotifier.install(manager, key -> null);
        assertFalse(notifier.isActive());
        notifier.ready();
        manager.drain().get(60, TimeUnit.SECONDS);
    }

    @Test
    void socketThatIsNotThere_isOneWarning_andTheDrainGoesOn() throws Exception {
        NoWarnings.expect("systemd could not be told");
        GracefulCloseManager manager = GracefulCloseManager.create();
        SystemdNotifier.install(manager, key -> directory.resolve("gone").toString())
                .ready();
        manager.drain().get(60, TimeUnit.SECONDS);
    }
}
