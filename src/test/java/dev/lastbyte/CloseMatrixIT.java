package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.CloseTruth;
import dev.lastbyte.testing.NoWarnings;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.RequestOnlyAllocator;
import dev.lastbyte.testing.ScriptedPeer;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Strategy, transport, TLS and peer against each other on real sockets: what arrives, what the report says. */
@RealSockets
class CloseMatrixIT {
    private static final long MEGABYTE = 1 << 20;
    private static final int AT_ONCE = 6;

    /** One row: all peers meet one server at once. */
    private record Row(CloseStrategy strategy, Transports transport, boolean tls, long size) {
        @Override
        public String toString() {
            return strategy + " " + transport + (tls ? " TLS " : " ") + size / MEGABYTE + " MB";
        }
    }

    static Stream<Arguments> draining() {
        return rows(Transports.graceful(), CloseStrategy.FULL, CloseStrategy.DRAIN);
    }

    static Stream<Arguments> notDraining() {
        return rows(
                Stream.of(Transports.NIO, Transports.EPOLL, Transports.EPOLL_UNIX),
                CloseStrategy.HALF_CLOSE,
                CloseStrategy.LINGER,
                CloseStrategy.HALF_CLOSE_LINGER);
    }

    static Stream<Arguments> heavy() {
        return Transports.graceful().flatMap(transport -> Stream.of(CloseStrategy.values())
                .flatMap(strategy -> Stream.of(1L, 8L).flatMap(size -> Stream.of(false, true)
                        .filter(tls -> !tls || !transport.isUnix())
                        .map(tls -> Arguments.of(new Row(strategy, transport, tls, size * MEGABYTE))))));
    }

    private static Stream<Arguments> rows(Stream<Transports> transports, CloseStrategy... strategies) {
        return transports.flatMap(transport ->
                Stream.of(strategies).map(strategy -> Arguments.of(new Row(strategy, transport, false, MEGABYTE))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("draining")
    void drainingClose_anyPeerThatReadsOn_getsEveryByte(Row row) throws Exception {
        check(row, EnumSet.allOf(ScriptedPeer.class));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("notDraining")
    void otherClose_anyPeer_isReportedTruly(Row row) throws Exception {
        check(row, EnumSet.allOf(ScriptedPeer.class));
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void fullCloseBehindTls_anyPeerThatReadsOn_getsEveryByte(Transports transport) throws Exception {
        check(new Row(CloseStrategy.FULL, transport, true, MEGABYTE), EnumSet.allOf(ScriptedPeer.class));
    }

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#graceful")
    void fullClose_eightMegabytes_arriveWhole(Transports transport) throws Exception {
        check(
                new Row(CloseStrategy.FULL, transport, false, 8 * MEGABYTE),
                EnumSet.of(
                        ScriptedPeer.WELL_BEHAVED,
                        ScriptedPeer.CHATTY,
                        ScriptedPeer.UPLOADS_FIRST,
                        ScriptedPeer.HALF_CLOSES_FIRST,
                        ScriptedPeer.STALLS));
    }

    @Tag("heavy")
    @ParameterizedTest(name = "{0}")
    @MethodSource("heavy")
    void everyClose_anyPeer_isReportedTruly(Row row) throws Exception {
        NoWarnings.tolerate("SslHandler .*Last write attempt timed out"); // its second close joins ours
        check(row, EnumSet.allOf(ScriptedPeer.class));
    }

    private static void check(Row row, Set<ScriptedPeer> peers) throws Exception {
        List<String> failures = new ArrayList<>();
        try (TestServer server = TestServer.on(row.transport())
                .config(limits(row.strategy()))
                .tls(row.tls())
                .loops(2)
                .handlers(channel -> {
                    channel.config().setRecvByteBufAllocator(new RequestOnlyAllocator());
                    channel.pipeline().addLast(Answer.thenClose(row.size()));
                })
                .start()) {
            playAll(server, peers).forEach((peer, close) -> {
                List<String> wrong = CloseTruth.lies(row.transport(), peer, row.size(), close.peer(), close.report());
                if (row.strategy().discards() && peer.readsOn() && !close.peer().isWhole(row.size())) {
                    wrong.add("not everything arrived");
                }
                if (!wrong.isEmpty()) {
                    failures.add(peer + " " + wrong + "\n    " + close.peer() + "\n    " + close.report());
                }
            });
        }
        assertTrue(failures.isEmpty(), () -> row + "\n  " + String.join("\n  ", failures));
    }

    private static Map<ScriptedPeer, TestServer.Close> playAll(TestServer server, Set<ScriptedPeer> peers)
            throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
        try {
            Map<ScriptedPeer, Future<TestServer.Close>> running = new LinkedHashMap<>();
            peers.forEach(peer -> running.put(peer, threads.submit(() -> server.play(peer))));
            Map<ScriptedPeer, TestServer.Close> closes = new LinkedHashMap<>();
            for (Map.Entry<ScriptedPeer, Future<TestServer.Close>> entry : running.entrySet()) {
                closes.put(entry.getKey(), entry.getValue().get(60, TimeUnit.SECONDS));
            }
            return closes;
        } finally {
            threads.shutdownNow();
        }
    }

    private static GracefulCloseConfig limits(CloseStrategy strategy) {
        return GracefulCloseConfig.builder()
                .strategy(strategy)
                .flushTimeout(Duration.ofSeconds(2))
                .stallTimeout(Duration.ofSeconds(2))
                .deliveredTimeout(Duration.ofSeconds(1))
                .eofTimeout(Duration.ofSeconds(4))
                .closeTimeout(Duration.ofSeconds(15))
                .discardRate(64L << 20)
                .build();
    }
}
