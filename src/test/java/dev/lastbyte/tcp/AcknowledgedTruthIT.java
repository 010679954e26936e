package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.PacketCapture;
import dev.lastbyte.testing.PacketCapture.Segment;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What {@link SendQueue#acknowledged} says against the packets: it succeeds if and only if the peer sent an ACK behind the last
 * byte, and not before that ACK.
 */
@RealSockets
class AcknowledgedTruthIT {
    private static final int[] SIZES = {1, 1000, 64 << 10, 1 << 20, 3 << 20};
    private static final int MANY = 50;
    private static final int FEW = 3;

    /** How a peer treats an answer. It may look at the server's side to know when the time has come. */
    private enum Peer {
        READS {
            @Override
            void play(PeerRun run, Channel server, int length) {
                readAtLeast(run, length);
            }
        },
        READS_AND_LEAVES {
            @Override
            void play(PeerRun run, Channel server, int length) throws Exception {
                readAtLeast(run, length);
                run.close();
            }
        },
        READS_AND_RESETS {
            @Override
            void play(PeerRun run, Channel server, int length) throws Exception {
                readAtLeast(run, length);
                run.socket().reset();
            }
        },
        RESETS_MIDWAY {
            @Override
            void play(PeerRun run, Channel server, int length) throws Exception {
                readAtLeast(run, length / 3);
                run.socket().reset();
            }
        },
        LEAVES_WITH_INPUT_UNREAD {
            @Override
            void play(PeerRun run, Channel server, int length) throws Exception {
                readAtLeast(run, length / 3);
                run.close();
            }
        },
        READS_NOTHING_AND_RESETS {
            @Override
            void play(PeerRun run, Channel server, int length) throws Exception {
                run.socket().reset();
            }
        },
        CLOSES_ITS_WINDOW_THEN_READS {
            @Override
            void play(PeerRun run, Channel server, int length) {
                awaitClosedWindow(server);
                readAtLeast(run, length);
            }
        },
        CLOSES_ITS_WINDOW_THEN_RESETS {
            @Override
            void play(PeerRun run, Channel server, int length) throws Exception {
                awaitClosedWindow(server);
                run.socket().reset();
            }
        },
        /** The server closes gracefully right after its answer. */
        READS_TO_EOF_OF_A_CLOSE {
            @Override
            void play(PeerRun run, Channel server, int length) {
                run.readAll();
            }
        },
        RESETS_DURING_A_CLOSE {
            @Override
            void play(PeerRun run, Channel server, int length) throws Exception {
                readAtLeast(run, length / 3);
                run.socket().reset();
            }
        };

        abstract void play(PeerRun run, Channel server, int length) throws Exception;

        boolean serverCloses() {
            return this == READS_TO_EOF_OF_A_CLOSE || this == RESETS_DURING_A_CLOSE;
        }

        int receiveBuffer() {
            return name().startsWith("CLOSES_ITS_WINDOW") ? 4096 : 0;
        }

        private static void readAtLeast(PeerRun run, long bytes) {
            while (run.bytes() < bytes && run.read(Integer.MAX_VALUE) >= 0) {
                // counted there
            }
        }

        /** What fits into the peer's buffer is acknowledged at once; of the rest some stays unsent. */
        private static void awaitClosedWindow(Channel server) {
            long[] before = {-1};
            Eventually.await("all acknowledged and the server gone, or the window closed", () -> {
                SendQueueSnapshot now = SendQueue.snapshot(server).get(30, TimeUnit.SECONDS);
                long acknowledged = now.acknowledgedBytes().orElse(0);
                boolean stands = acknowledged == before[0] && now.unsentBytes().orElse(0) > 0;
                before[0] = acknowledged;
                return !server.isOpen() || stands;
            });
        }
    }

    /** What the server was told about one answer. */
    private record Told(boolean acknowledged, long micros, @Nullable Throwable cause) {}

    private record Run(int port, int length, Told told) {}

    static Stream<Arguments> cells() {
        return Transports.withTcpInfo()
                .flatMap(transport -> Arrays.stream(Peer.values()).map(peer -> Arguments.of(transport, peer)));
    }

    @ParameterizedTest
    @MethodSource("cells")
    void acknowledged_fewRuns_agreesWithThePackets(Transports transport, Peer peer) throws Exception {
        agree(transport, peer, FEW);
    }

    @Tag("heavy")
    @Timeout(600)
    @ParameterizedTest
    @MethodSource("cells")
    void acknowledged_thousandRuns_agreesWithThePackets(Transports transport, Peer peer) throws Exception {
        agree(transport, peer, MANY);
    }

    private static void agree(Transports transport, Peer peer, int runs) throws Exception {
        BlockingQueue<Told> told = new LinkedBlockingQueue<>();
        int[] length = new int[1]; // written before each connection
        TestServer.Builder builder = TestServer.on(transport)
                .handlers(c -> c.pipeline().addLast(new Answer(ctx -> answer(ctx, length[0], peer, told))));
        try (TestServer server = peer.serverCloses()
                        ? builder.config(quick()).start()
                        : builder.withoutHandler().start();
                PacketCapture capture = PacketCapture.start(server.port())) {
            List<Run> done = new ArrayList<>();
            for (int i = 0; i < runs; i++) {
                length[0] = SIZES[i % SIZES.length];
                try (PeerRun run = server.connect(peer.receiveBuffer())) {
                    int port = run.socket().localPort();
                    run.request();
                    peer.play(run, server.accepted(), length[0]);
                    Told one = told.poll(40, TimeUnit.SECONDS);
                    assertTrue(one != null, () -> "never decided: " + peer);
                    done.add(new Run(port, length[0], one));
                }
            }
            compare(done, capture.stop(), server.port(), transport + " " + peer);
        }
    }

    private static void answer(ChannelHandlerContext ctx, int length, Peer peer, BlockingQueue<Told> told) {
        Channel channel = ctx.channel();
        Answer.write(ctx, length);
        ctx.flush();
        ChannelFuture acknowledged = SendQueue.acknowledged(channel);
        if (peer.serverCloses()) {
            channel.close();
        }
        acknowledged.addListener(decided -> {
            told.add(new Told(
                    decided.isSuccess(), ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()), decided.cause()));
            channel.close();
        });
    }

    private static void compare(List<Run> runs, List<Segment> segments, int server, String cell) {
        int acknowledged = 0;
        List<String> lies = new ArrayList<>();
        for (Run run : runs) {
            OptionalLong ack = segments.stream()
                    .filter(s -> s.from() == run.port && s.to() == server)
                    .filter(s -> !s.isReset() && !s.flags().contains("S") && s.ack() > run.length)
                    .mapToLong(Segment::micros)
                    .findFirst();
            if (run.told.acknowledged != ack.isPresent()) {
                lies.add((ack.isPresent() ? "denies an ACK: " : "claims an ACK: ") + run);
            } else if (ack.isPresent() && run.told.micros < ack.getAsLong()) {
                lies.add("said so before the ACK of " + ack.getAsLong() + ": " + run);
            }
            acknowledged += ack.isPresent() ? 1 : 0;
        }
        System.out.println(cell + ": " + (runs.size() - lies.size()) + " of " + runs.size() + " agree, " + acknowledged
                + " acknowledged");
        assertEquals(List.of(), lies);
        assertEquals(runs.size(), runs.stream().mapToInt(Run::port).distinct().count(), "ports were used twice");
    }

    private static GracefulCloseConfig quick() {
        return GracefulCloseConfig.builder()
                .stallTimeout(Duration.ofMillis(1500))
                .build();
    }
}
