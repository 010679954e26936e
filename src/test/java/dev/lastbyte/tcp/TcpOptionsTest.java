package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.TransportKind;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The options' builder, what it refuses, and where each option is put. */
class TcpOptionsTest {
    static Stream<Arguments> outOfRange() {
        return Stream.of(
                refused(
                        "deferAccept: 0 s (expected: 1 s to 1 h, a multiple of 1 s)",
                        b -> b.deferAccept(Duration.ZERO)),
                refused(
                        "deferAccept: 1.5 s (expected: 1 s to 1 h, a multiple of 1 s)",
                        b -> b.deferAccept(Duration.ofMillis(1500))),
                refused(
                        "keepIdle: 32768 s (expected: 1 s to 32767 s, a multiple of 1 s)",
                        b -> b.keepIdle(Duration.ofSeconds(32_768))),
                refused(
                        "keepInterval: -1 s (expected: 1 s to 32767 s, a multiple of 1 s)",
                        b -> b.keepInterval(Duration.ofSeconds(-1))),
                refused("keepCount: 128 (expected: 1 to 127)", b -> b.keepCount(128)),
                refused(
                        "finWait2Timeout: 121 s (expected: 1 s to 2 min, a multiple of 1 s)",
                        b -> b.finWait2Timeout(Duration.ofSeconds(121))),
                refused(
                        "userTimeout: 0.0001 ms (expected: 1 ms to 24 h, a multiple of 1 ms)",
                        b -> b.userTimeout(Duration.ofNanos(100))),
                refused(
                        "userTimeout: 86400.001 s (expected: 1 ms to 24 h, a multiple of 1 ms)",
                        b -> b.userTimeout(Duration.ofHours(24).plusMillis(1))),
                refused("maxSegment: 87 (expected: 88 to 32767)", b -> b.maxSegment(87)),
                refused("synRepeats: 0 (expected: 1 to 127)", b -> b.synRepeats(0)),
                refused("windowClamp: 0 (expected: >= 1)", b -> b.windowClamp(0)),
                refused("notSentLowWater: 0 (expected: >= 1)", b -> b.notSentLowWater(0)),
                refused("sendBuffer: 0 (expected: >= 1)", b -> b.sendBuffer(0)),
                refused("receiveBuffer: -1 (expected: >= 1)", b -> b.receiveBuffer(-1)));
    }

    private static Arguments refused(String message, Consumer<TcpOptions.Builder> setter) {
        return Arguments.of(message, setter);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("outOfRange")
    void value_outOfRange_isRefused(String message, Consumer<TcpOptions.Builder> setter) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> setter.accept(TcpOptions.builder()))
                        .getMessage());
    }

    @Test
    void nullDuration_isRefusedByName() {
        assertEquals(
                "keepIdle",
                assertThrows(NullPointerException.class, () -> TcpOptions.builder()
                                .keepIdle(null))
                        .getMessage());
    }

    @Test
    void keepAliveTimes_switchKeepAliveOn_andContradictItsAbsence() {
        TcpOptions options = TcpOptions.builder().keepCount(3).build();
        assertEquals(OptionalLong.of(1), options.value(TcpOption.SO_KEEPALIVE));
        TcpOptions.Builder contradiction = TcpOptions.builder().keepCount(3).keepAlive(false);
        assertEquals(
                "keepAlive: false (expected: true, or nothing, with TCP_KEEPCNT)",
                assertThrows(IllegalStateException.class, contradiction::build).getMessage());
    }

    @Test
    void toBuilder_keepsEverything_andChangesNothingOfTheOriginal() {
        TcpOptions options = TcpOptions.builder()
                .noDelay(true)
                .sendBuffer(65_536)
                .skipUnsupported()
                .build();
        assertEquals("TcpOptions{TCP_NODELAY=on, SO_SNDBUF=65536 B} where supported", options.toString());
        assertEquals(options.toString(), options.toBuilder().build().toString());
        options.toBuilder().noDelay(false).build();
        assertTrue(options.value(TcpOption.TCP_NODELAY).orElseThrow() == 1);
    }

    // ---- where it belongs, and where not ---------------------------------------------------------------------------

    @Test
    void serverBootstrap_getsListenerAndChildOptionsApart() {
        ServerBootstrap bootstrap = TcpOptions.builder()
                .noDelay(true)
                .deferAccept(Duration.ofSeconds(3))
                .maxSegment(1200)
                .receiveBuffer(65_536)
                .keepIdle(Duration.ofSeconds(60))
                .build()
                .applyTo(new ServerBootstrap(), EpollServerSocketChannel.class);
        assertEquals(3, bootstrap.config().options().size());
        assertEquals(3, bootstrap.config().childOptions().size()); // and SO_KEEPALIVE
    }

    static Stream<Arguments> misplaced() {
        TcpOptions syn = TcpOptions.builder().synRepeats(2).build();
        TcpOptions defer =
                TcpOptions.builder().deferAccept(Duration.ofSeconds(3)).build();
        TcpOptions cork = TcpOptions.builder().cork(true).build();
        TcpOptions noDelay = TcpOptions.builder().noDelay(true).build();
        return Stream.of(
                Arguments.of(
                        "TCP_SYNCNT: does nothing on a server of epoll (expected: a client, before it connects, or"
                                + " skipUnsupported())",
                        (Runnable) () -> syn.applyTo(new ServerBootstrap(), EpollServerSocketChannel.class)),
                Arguments.of(
                        "TCP_DEFER_ACCEPT: does nothing on a client of epoll (expected: a listener, or"
                                + " skipUnsupported())",
                        (Runnable) () -> defer.applyTo(new Bootstrap(), EpollSocketChannel.class)),
                Arguments.of(
                        "TCP_CORK: not available on nio (expected: another transport, or skipUnsupported())",
                        (Runnable) () -> cork.applyTo(new ServerBootstrap(), NioServerSocketChannel.class)),
                Arguments.of(
                        "TCP_NODELAY: not available on epoll-unix (expected: another transport, or"
                                + " skipUnsupported())",
                        (Runnable) () -> noDelay.applyTo(new Bootstrap(), EpollDomainSocketChannel.class)),
                Arguments.of(
                        "TCP_NODELAY: not available on LocalChannel (expected: another transport, or"
                                + " skipUnsupported())",
                        (Runnable) () -> noDelay.applyTo(new Bootstrap(), LocalChannel.class)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("misplaced")
    void optionThatDoesNothingThere_isRefusedByName(String message, Runnable call) {
        assertEquals(
                message,
                assertThrows(UnsupportedOperationException.class, call::run).getMessage());
    }

    @Test
    void refusal_setsNothing() {
        Bootstrap bootstrap = new Bootstrap();
        TcpOptions options = TcpOptions.builder().noDelay(true).cork(true).build();
        assertThrows(UnsupportedOperationException.class, () -> options.applyTo(bootstrap, NioSocketChannel.class));
        assertTrue(bootstrap.config().options().isEmpty());
        assertEquals(null, bootstrap.config().channelFactory());
    }

    @Test
    void skipUnsupported_leavesOutWhatIsRefusedOtherwise() {
        Bootstrap bootstrap = TcpOptions.builder()
                .noDelay(true)
                .cork(true)
                .deferAccept(Duration.ofSeconds(3))
                .skipUnsupported()
                .build()
                .applyTo(new Bootstrap(), NioSocketChannel.class);
        assertEquals(1, bootstrap.config().options().size());
    }

    // ---- docs ------------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(TcpOption.class)
    void table_inTheDocs_agreesWithTheCode(TcpOption option) throws IOException {
        List<String> cells = Files.readAllLines(Path.of("docs/tcp.md")).stream()
                .filter(line -> line.startsWith("| `" + option + "` |"))
                .map(line -> List.of(line.substring(2).split(" \\| ?")))
                .findFirst()
                .orElseThrow(() -> new AssertionError(option + " is missing in docs/tcp.md"));
        assertEquals(option.side(), cells.get(2), "side of " + option);
        boolean nio = OptionKey.forWriting(TransportKind.NIO, option) != null;
        assertEquals(nio ? "yes" : "–", cells.get(5), "NIO: " + option);
        assertNotNull(OptionKey.forWriting(TransportKind.EPOLL, option));
        assertNotNull(OptionKey.forWriting(TransportKind.IO_URING, option));
    }
}
