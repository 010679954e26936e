package dev.lastbyte.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.DurationText;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What may be said, what is refused, and that code, Javadoc and docs name the same defaults. */
class WebSocketFarewellConfigTest {
    private final WebSocketFarewellConfig.Builder builder = WebSocketFarewellConfig.builder();

    @ParameterizedTest
    @ValueSource(ints = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 4999})
    void status_thatAServerMaySend_isTaken(int status) {
        assertEquals(status, builder.status(status).build().status());
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 999, 1004, 1005, 1006, 1010, 1015, 1016, 2999, 5000, 66_537})
    void status_thatNoServerMaySend_isRefused(int status) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> builder.status(status));
        assertEquals(
                "status: " + status + " (expected: 1000 to 1003, 1007 to 1009, 1011 to 1014, or 3000 to 4999)",
                e.getMessage());
    }

    @Test
    void reason_isMeasuredInBytes() {
        assertEquals("é".repeat(61), builder.reason("é".repeat(61)).build().reason());
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> builder.reason("é".repeat(62)));
        assertEquals("reason: 124 bytes of UTF-8 (expected: at most 123)", e.getMessage());
        assertEquals(123, builder.reason("x".repeat(123)).build().reason().length());
        assertThrows(NullPointerException.class, () -> builder.reason(null));
    }

    static Stream<Arguments> durations() {
        return Stream.of(
                duration("messageTimeout", WebSocketFarewellConfig.Builder::messageTimeout),
                duration("answerTimeout", WebSocketFarewellConfig.Builder::answerTimeout));
    }

    private static Arguments duration(String name, BiConsumer<WebSocketFarewellConfig.Builder, Duration> setter) {
        return Arguments.of(name, setter);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("durations")
    void duration_outOfRange_isRefused(String name, BiConsumer<WebSocketFarewellConfig.Builder, Duration> setter) {
        for (Duration wrong :
                new Duration[] {Duration.ZERO, Duration.ofHours(24).plusNanos(1)}) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> setter.accept(builder, wrong));
            assertEquals(name + ": " + DurationText.of(wrong) + " (expected: 1 ms to 24 h)", e.getMessage());
        }
        assertThrows(NullPointerException.class, () -> setter.accept(builder, null));
        setter.accept(builder, Duration.ofMillis(1));
    }

    @Test
    void toBuilder_keepsEveryValue() {
        WebSocketFarewellConfig config = builder.status(1012)
                .reason("restart")
                .messageTimeout(Duration.ofSeconds(1))
                .answerTimeout(Duration.ofSeconds(2))
                .farewellAtDrain()
                .build();
        assertEquals(config.toString(), config.toBuilder().build().toString());
        assertTrue(config.isFarewellAtDrain());
        assertEquals(
                "WebSocketFarewellConfig{status=1012, reason=restart, messageTimeout=1 s, answerTimeout=2 s,"
                        + " farewellAtDrain=true}",
                config.toString());
    }

    @Test
    void pipelineOfTheDocs_compilesAndRuns() throws IOException {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.pipeline()
                .addLast(new HttpServerCodec(), new HttpObjectAggregator(65536))
                .addLast(new WebSocketServerCompressionHandler(0)) // if you want it
                .addLast(new WebSocketServerProtocolHandler("/chat", null, true))
                .addLast(new WebSocketFarewellHandler(WebSocketFarewellConfig.builder()
                        .status(1012)
                        .reason("service restart")
                        .build()));
        channel.finishAndReleaseAll();
        String docs = Files.readString(Path.of("docs/protocols.md"));
        String tested =
                Files.readString(Path.of("src/test/java/dev/lastbyte/websocket/WebSocketFarewellConfigTest.java"));
        int begin = tested.indexOf("channel.pipeline()\n");
        String pipeline = tested.substring(begin, tested.indexOf(";", begin)).replace("\n        ", "\n");
        assertTrue(docs.contains(pipeline), () -> "docs/protocols.md shows something else than\n" + pipeline);
    }

    @Test
    void defaults_areThoseOfTheDocs() throws IOException {
        WebSocketFarewellConfig defaults = WebSocketFarewellConfig.defaults();
        assertFalse(defaults.isFarewellAtDrain());
        String docs = Files.readString(Path.of("docs/protocols.md"));
        assertTrue(docs.contains("| `status` | " + defaults.status() + " |"), "status");
        assertTrue(docs.contains("| `reason` | empty |") && defaults.reason().isEmpty(), "reason");
        assertTrue(
                docs.contains(
                        "| `messageTimeout` | " + defaults.messageTimeout().toSeconds() + " s |"),
                "message");
        assertTrue(
                docs.contains("| `answerTimeout` | " + defaults.answerTimeout().toSeconds() + " s |"), "answer");
        String source = Files.readString(Path.of("src/main/java/dev/lastbyte/websocket/WebSocketFarewellConfig.java"));
        assertTrue(source.contains("1012, service restart. Default " + defaults.status() + ", going away."));
    }
}
