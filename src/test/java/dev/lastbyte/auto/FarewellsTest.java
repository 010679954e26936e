package dev.lastbyte.auto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.websocket.WebSocketFarewellConfig;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The choice of farewells. */
@ExtendWith(NoWarnings.class)
class FarewellsTest {
    @Test
    void builder_namesWhatIsWrong() {
        assertThrows(IllegalStateException.class, () -> Farewells.builder().build());
        assertThrows(NullPointerException.class, () -> Farewells.builder().http(null));
        assertThrows(NullPointerException.class, () -> Farewells.builder().webSocket(null));
        Duration second = Duration.ofSeconds(1);
        assertThrows(IllegalArgumentException.class, () -> Farewells.builder().http2(second, second));
        assertThrows(
                NullPointerException.class, () -> GracefulCloseManager.builder().farewells(null));
    }

    @Test
    void toBuilder_keepsTheOthers() {
        Farewells one = Farewells.builder()
                .webSocket(WebSocketFarewellConfig.defaults())
                .build();
        assertEquals("Farewells{http=none, http2=none, webSocket=added}", one.toString());
        HttpFarewellConfig http =
                HttpFarewellConfig.builder().withoutIdleProtection().build();
        assertEquals(
                "Farewells{http=" + http + ", http2=added, webSocket=added}",
                Farewells.auto().toBuilder().http(http).build().toString());
    }

    /** A connection of a client has no listener, and nothing is looked for. */
    @Test
    void connectionOfAClient_isLeftAlone() {
        GracefulCloseManager manager =
                GracefulCloseManager.builder().farewells(Farewells.auto()).build();
        EmbeddedChannel channel = new EmbeddedChannel(manager.newHandler());
        channel.runPendingTasks();
        assertEquals(
                List.of("GracefulCloseHandler"),
                channel.pipeline().toMap().values().stream()
                        .map(handler -> handler.getClass().getSimpleName())
                        .toList());
        channel.finishAndReleaseAll();
    }

    @Test
    void installerThatThrows_isAWarning_andTheConnectionGoesOn() {
        NoWarnings.expect("has no farewell: the FarewellInstaller threw");
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .farewells(closer -> {
                    throw new IllegalArgumentException("of the test");
                })
                .build();
        EmbeddedChannel channel = new EmbeddedChannel(manager.newHandler());
        channel.runPendingTasks();
        assertEquals(1, manager.openConnections());
        channel.finishAndReleaseAll();
    }
}
