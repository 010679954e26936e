package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.BytePattern;
import dev.lastbyte.testing.PacketCapture;
import dev.lastbyte.testing.PacketCapture.Segment;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.SegmentRun;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.Transports;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.DefaultFileRegion;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpChunkedInput;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.stream.ChunkedFile;
import io.netty.handler.stream.ChunkedWriteHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The policies among the handlers of real servers: HTTP, chunked files, TLS, slow readers. */
@RealSockets
class SegmentProtocolsIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int BODY = 900;
    private static final int LARGE = 4 << 20;

    @TempDir
    static Path files;

    @ParameterizedTest
    @MethodSource(TCP)
    void chunkedFile_behindItsHttpHeader_isOneSegment(Transports transport) throws Exception {
        SegmentRun run = chunkedResponse(transport, SegmentsIT::patientCork);
        assertEquals(1, run.data().size(), run::toString);
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void chunkedFile_noDelay_isASegmentPerChunk(Transports transport) throws Exception {
        SegmentRun run = chunkedResponse(transport, SegmentPolicy.NO_DELAY::applyTo);
        assertTrue(run.data().size() >= (transport == Transports.IO_URING ? 2 : 4), run::toString);
    }

    /** 900 bytes in chunks of 300, with chunked transfer encoding. */
    private static SegmentRun chunkedResponse(Transports transport, Consumer<Channel> policy) throws Exception {
        Path file = Files.write(files.resolve("chunks"), new byte[BODY]);
        String header = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        int chunk = "12c\r\n".length() + 300 + "\r\n".length();
        return SegmentRun.on(
                transport,
                c -> {
                    policy.accept(c);
                    c.pipeline().addLast(new HttpResponseEncoder());
                    c.pipeline().addLast(new MessageEndHandler(message -> message instanceof LastHttpContent));
                    c.pipeline().addLast(new ChunkedWriteHandler());
                },
                c -> {
                    HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
                    response.headers().set(HttpHeaderNames.TRANSFER_ENCODING, "chunked");
                    c.writeAndFlush(response);
                    c.writeAndFlush(new HttpChunkedInput(open(file, 300))).addListener(ChannelFutureListener.CLOSE);
                },
                header.length() + 3 * chunk + "0\r\n\r\n".length());
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void tlsHeaderAndBody_cork_areOneSegment_noDelayTwo(Transports transport) throws Exception {
        List<Segment> together = tlsAnswer(transport, SegmentPolicy.CORK::applyTo);
        assertEquals(1, together.size(), together::toString);
        int separate = tlsAnswer(transport, SegmentPolicy.NO_DELAY::applyTo).size();
        assertTrue(separate == 2 || transport == Transports.IO_URING, separate + " segments"); // Netty gathers there
    }

    /** The segments of an answer in two flushes, after the handshake. */
    private static List<Segment> tlsAnswer(Transports transport, Consumer<Channel> policy) throws Exception {
        byte[] target = new byte[BODY];
        try (TestServer server = TestServer.on(transport)
                        .handlers(c -> {
                            policy.accept(c);
                            c.pipeline().addLast(TestTls.server().newHandler(c.alloc()));
                            c.pipeline().addLast(new Answer(greeting -> {
                                greeting.pipeline().addLast(new Answer(ctx -> {
                                    ctx.channel().writeAndFlush(Unpooled.wrappedBuffer(new byte[200]));
                                    ctx.channel().writeAndFlush(Unpooled.wrappedBuffer(new byte[BODY - 200]));
                                }));
                                greeting.writeAndFlush(Unpooled.wrappedBuffer(new byte[1]));
                                greeting.pipeline().remove(greeting.handler());
                            }));
                        })
                        .start();
                PeerSocket peer = PeerSocket.connect(server.address(), TestTls.peer(), 0)) {
            peer.write(new byte[] {0, 0, 0, 1}, 4);
            assertEquals(1, peer.read(target, 1)); // the handshake and its session tickets are through
            try (PacketCapture capture = PacketCapture.start(server.port())) {
                peer.write(new byte[] {0, 0, 0, 2}, 4);
                for (int got = 0; got < BODY; ) {
                    got += peer.read(target, target.length);
                }
                List<Segment> segments = capture.stop().stream()
                        .filter(s -> s.from() == server.port() && s.length() > 0)
                        .toList();
                server.accepted().close(); // close_notify is a segment too
                return segments;
            }
        }
    }

    @ParameterizedTest
    @EnumSource(SegmentPolicy.class)
    void largeChunkedFile_slowReader_arrivesWhole(SegmentPolicy policy) throws Exception {
        for (Transports transport : Transports.tcp().toList()) {
            if (transport.unavailable().isEmpty()) {
                arrivesWhole(
                        transport,
                        policy,
                        c -> c.pipeline().addLast(new ChunkedWriteHandler()),
                        (c, file) -> c.writeAndFlush(open(file, 8192)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(SegmentPolicy.class)
    void largeFileRegion_slowReader_arrivesWhole(SegmentPolicy policy) throws Exception {
        for (Transports transport : Transports.tcp().toList()) {
            if (transport.unavailable().isEmpty()) {
                arrivesWhole(
                        transport,
                        policy,
                        c -> {},
                        (c, file) -> c.writeAndFlush(new DefaultFileRegion(file.toFile(), 0, LARGE)));
            }
        }
    }

    private interface Sender {
        ChannelFuture send(Channel channel, Path file);
    }

    private static void arrivesWhole(
            Transports transport, SegmentPolicy policy, Consumer<Channel> handlers, Sender sender) throws Exception {
        Path file = files.resolve("large");
        if (!Files.exists(file)) {
            var pattern = BytePattern.slice(UnpooledByteBufAllocator.DEFAULT, 0, LARGE);
            byte[] content = new byte[LARGE];
            pattern.readBytes(content).release();
            Files.write(file, content);
        }
        try (TestServer server = TestServer.on(transport)
                .handlers(c -> {
                    policy.applyTo(c);
                    handlers.accept(c);
                    c.pipeline().addLast(new Answer(ctx -> sender.send(ctx.channel(), file)
                            .addListener(ChannelFutureListener.CLOSE)));
                })
                .start()) {
            PeerRun peer = new PeerRun(PeerSocket.connect(server.address(), null, 16 * 1024), 1, new CountDownLatch(0));
            peer.request();
            peer.readAll();
            peer.socket().close();
            assertTrue(peer.result().isWhole(LARGE), () -> transport + " " + peer.result());
            server.report(server.accepted());
        }
    }

    private static ChunkedFile open(Path file, int chunk) {
        try {
            return new ChunkedFile(file.toFile(), chunk);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
