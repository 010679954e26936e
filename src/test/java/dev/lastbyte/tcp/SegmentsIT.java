package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.SystemView;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.PacketCapture.Segment;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.SegmentRun;
import dev.lastbyte.testing.Transports;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each policy's segments on the loopback device, counted packet by packet. */
@RealSockets
class SegmentsIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final String BOTH_IPS = "dev.lastbyte.testing.Transports#tcpOnBothIps";
    private static final String CORKED = "dev.lastbyte.testing.Transports#withTcpInfo";
    private static final int HEADER = 200;
    private static final int BODY = 800;

    @TempDir
    static Path files;

    // ---- six one-byte sends ----------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource(BOTH_IPS)
    void sixSends_noDelay_areSixSegmentsWithPush(Transports transport, InetAddress host) throws Exception {
        SegmentRun run = SegmentRun.on(transport, host, SegmentPolicy.NO_DELAY::applyTo, c -> Answer.sendEach(c, 6), 6);
        assertEquals(List.of(1, 1, 1, 1, 1, 1), run.dataLengths());
        assertTrue(run.data().stream().allMatch(Segment::isPush), run::toString);
    }

    @ParameterizedTest
    @MethodSource(BOTH_IPS)
    void sixSends_nagle_theFirstDoesNotWait(Transports transport, InetAddress host) throws Exception {
        // On the loopback device each ACK is back before the next send; with a round trip it is 1 + 5 (SegmentsLinkIT).
        SegmentRun run = SegmentRun.on(transport, host, SegmentPolicy.NAGLE::applyTo, c -> Answer.sendEach(c, 6), 6);
        System.out.println("six sends, NAGLE, " + transport + " " + host.getHostAddress() + ": " + run.dataLengths());
        assertEquals(1, run.dataLengths().get(0));
    }

    @ParameterizedTest
    @MethodSource(BOTH_IPS)
    void sixFlushesOfOneTurn_cork_areOneSegment(Transports transport, InetAddress host) throws Exception {
        SegmentRun run = SegmentRun.on(
                transport,
                host,
                SegmentPolicy.CORK::applyTo,
                c -> {
                    for (int i = 0; i < 6; i++) {
                        c.writeAndFlush(bytes(1));
                    }
                },
                6);
        assertEquals(List.of(6), run.dataLengths());
    }

    @ParameterizedTest
    @MethodSource(CORKED)
    void sixSendsOfOneMessage_eachInTheKernelBeforeTheNext_areOneSegment(Transports transport) throws Exception {
        SegmentRun run = SegmentRun.on(
                transport,
                SegmentsIT::patientCork,
                c -> {
                    SegmentPolicy.messageStarted(c);
                    Answer.sendEach(c, 6).addListener(f -> SegmentPolicy.messageEnded(c));
                },
                6);
        assertEquals(List.of(6), run.dataLengths());
        assertTrue(run.data().get(0).isPush(), run::toString);
    }

    // ---- header and body -------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource(BOTH_IPS)
    void headerAndFile_noDelay_areTwoSegmentsAndTheFin(Transports transport, InetAddress host) throws Exception {
        SegmentRun run = headerAndFile(transport, host, SegmentPolicy.NO_DELAY::applyTo);
        assertEquals(List.of(HEADER, BODY), run.dataLengths());
        assertEquals(3, run.sequenced().size(), run::toString);
    }

    @ParameterizedTest
    @MethodSource(BOTH_IPS)
    void headerAndFile_cork_areOneSegmentFewer_exceptOnNio(Transports transport, InetAddress host) throws Exception {
        SegmentRun run = headerAndFile(transport, host, SegmentPolicy.CORK::applyTo);
        List<Integer> expected = transport == Transports.NIO ? List.of(HEADER, BODY) : List.of(HEADER + BODY);
        assertEquals(expected, run.dataLengths());
        assertEquals(expected.size() + 1, run.sequenced().size(), run::toString);
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void headerAndBuffer_cork_areOneSegment(Transports transport) throws Exception {
        SegmentRun run = SegmentRun.on(
                transport,
                SegmentPolicy.CORK::applyTo,
                c -> {
                    c.writeAndFlush(bytes(HEADER));
                    c.writeAndFlush(bytes(BODY)).addListener(ChannelFutureListener.CLOSE);
                },
                HEADER + BODY);
        assertEquals(List.of(HEADER + BODY), run.dataLengths());
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void bodyInALaterTurn_ofOneMessage_sharesTheHeadersSegment(Transports transport) throws Exception {
        SegmentRun run = SegmentRun.on(
                transport,
                SegmentsIT::patientCork,
                c -> {
                    SegmentPolicy.messageStarted(c);
                    c.writeAndFlush(bytes(HEADER));
                    c.eventLoop()
                            .schedule(
                                    () -> {
                                        c.writeAndFlush(bytes(BODY)).addListener(ChannelFutureListener.CLOSE);
                                        SegmentPolicy.messageEnded(c);
                                    },
                                    20,
                                    TimeUnit.MILLISECONDS);
                },
                HEADER + BODY);
        assertEquals(List.of(HEADER + BODY), run.dataLengths());
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void pipelinedMessages_ofOneTurn_shareASegment(Transports transport) throws Exception {
        SegmentRun run = SegmentRun.on(
                transport,
                SegmentsIT::patientCork,
                c -> {
                    for (int i = 0; i < 3; i++) {
                        SegmentPolicy.messageStarted(c);
                        c.write(bytes(HEADER));
                        c.writeAndFlush(bytes(BODY));
                        SegmentPolicy.messageEnded(c);
                    }
                },
                3 * (HEADER + BODY));
        assertEquals(List.of(3 * (HEADER + BODY)), run.dataLengths());
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void messageFromAnotherThread_isOneSegment(Transports transport) throws Exception {
        SegmentRun run = SegmentRun.on(
                transport,
                SegmentsIT::patientCork,
                c -> new Thread(() -> {
                            SegmentPolicy.messageStarted(c);
                            for (int i = 0; i < 6; i++) {
                                c.writeAndFlush(bytes(1));
                            }
                            SegmentPolicy.messageEnded(c);
                        })
                        .start(),
                6);
        assertEquals(List.of(6), run.dataLengths());
    }

    // ---- nothing waits ---------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource(TCP)
    void pushedEvent_inTheMiddleOfAMessage_leavesAtOnce(Transports transport) throws Exception {
        SegmentRun run = SegmentRun.on(
                transport,
                SegmentsIT::patientCork, // would hold for an hour
                c -> {
                    SegmentPolicy.messageStarted(c);
                    c.writeAndFlush(bytes(HEADER));
                    c.write(bytes(30));
                    SegmentPolicy.push(c);
                },
                HEADER + 30);
        assertEquals(List.of(HEADER + 30), run.dataLengths());
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void unfinishedMessage_leavesAtTheHoldLimit_andIsNotCorkedAnyMore(Transports transport) throws Exception {
        SegmentRun run = SegmentRun.on(
                transport,
                SegmentPolicy.CORK::applyTo,
                c -> {
                    SegmentPolicy.messageStarted(c);
                    c.writeAndFlush(bytes(HEADER));
                },
                HEADER,
                c -> Eventually.await("uncorked", () -> !TcpOptions.effective(c).isOn(TcpOption.TCP_CORK)));
        assertEquals(List.of(HEADER), run.dataLengths());
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void close_inTheMiddleOfAMessage_letsTheBytesGoBeforeTheFin(Transports transport) throws Exception {
        SegmentRun run = SegmentRun.on(
                transport,
                SegmentsIT::patientCork,
                c -> {
                    SegmentPolicy.messageStarted(c);
                    c.writeAndFlush(bytes(HEADER));
                    c.eventLoop().schedule(() -> c.close(), 20, TimeUnit.MILLISECONDS);
                },
                HEADER);
        assertEquals(
                List.of(HEADER, 0),
                run.sequenced().stream().map(Segment::length).toList(),
                run::toString);
        assertFalse(run.sequenced().get(0).isFin(), run::toString);
    }

    @ParameterizedTest
    @MethodSource(CORKED)
    void kernel_shutdownOfACorkedSocket_sendsTheRestWithTheFin(Transports transport) throws Exception {
        TcpOptions corked = TcpOptions.builder().cork(true).build();
        SegmentRun run = SegmentRun.withoutGracefulClose(
                transport,
                corked::applyTo,
                c -> c.writeAndFlush(bytes(HEADER + BODY)).addListener(f -> ((DuplexChannel) c).shutdownOutput()),
                HEADER + BODY);
        assertEquals(1, run.sequenced().size(), run::toString);
        assertTrue(run.sequenced().get(0).isFin(), run::toString);
        assertEquals(List.of(HEADER + BODY), run.dataLengths());
    }

    // ---- inside ----------------------------------------------------------------------------------------------------

    private static SegmentRun headerAndFile(Transports transport, InetAddress host, Consumer<Channel> policy)
            throws Exception {
        Path file = Files.write(files.resolve("body"), new byte[BODY]);
        return SegmentRun.on(
                transport,
                host,
                policy,
                c -> {
                    c.writeAndFlush(bytes(HEADER));
                    c.writeAndFlush(new DefaultFileRegion(file.toFile(), 0, BODY))
                            .addListener(ChannelFutureListener.CLOSE);
                },
                HEADER + BODY);
    }

    /** Corks, and waits longer than any test: what leaves has not left by the hold limit. */
    static void patientCork(Channel channel) {
        SegmentPolicy.add(channel.pipeline(), new CorkHandler(Duration.ofHours(1), SystemView.REAL));
    }

    private static ByteBuf bytes(int length) {
        return Unpooled.wrappedBuffer(new byte[length]);
    }
}
