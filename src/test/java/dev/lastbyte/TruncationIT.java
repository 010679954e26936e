package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A truncated answer never ends in a FIN, whatever goes wrong in a close. */
@RealSockets
class TruncationIT {
    private static final int FILE = 100_000;
    private static final int ANNOUNCED = 200_000;

    @TempDir
    private Path directory;

    static Stream<Arguments> tcpAndAutoClose() {
        return Transports.tcp()
                .flatMap(transport -> Stream.of(true, false).map(autoClose -> Arguments.of(transport, autoClose)));
    }

    @ParameterizedTest
    @MethodSource("tcpAndAutoClose")
    void close_itsFirstFlushFails_peerSeesAReset(Transports transport, boolean autoClose) throws Exception {
        Path file = Files.write(directory.resolve("body"), new byte[FILE]);
        TestServer.Close close = play(transport, autoClose, ctx -> {
            ctx.write(new DefaultFileRegion(file.toFile(), 0, ANNOUNCED));
            ctx.close();
        });
        assertFalse(close.peer().eof(), () -> "a truncated answer looks complete: " + close);
        assertEquals(CloseOutcome.ABORTED, close.report().outcome(), close::toString);
        assertEquals(CloseCause.WRITE_FAILED, close.report().cause(), close::toString);
    }

    private static TestServer.Close play(
            Transports transport, boolean autoClose, Consumer<ChannelHandlerContext> answer) throws Exception {
        try (TestServer server = TestServer.on(transport)
                .options(options -> options.childOption(ChannelOption.AUTO_CLOSE, autoClose))
                .handlers(c -> c.pipeline().addLast(new Answer(answer)))
                .start()) {
            return server.play(ScriptedPeer.WELL_BEHAVED);
        }
    }
}
