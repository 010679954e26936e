package dev.lastbyte;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The farewells of Netty's protocols arrive whole, although the peer goes on sending. */
@RealSockets
class ProtocolsIT {
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int UPLOAD = 8 << 20;

    @ParameterizedTest
    @MethodSource(TCP)
    void http_bodyTooLarge_peerReadsThe413AfterItsWholeUpload(Transports transport) throws Exception {
        try (TestServer server = start(
                        transport, c -> c.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1024)));
                PeerSocket peer = server.connect()) {
            send(peer, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + UPLOAD + "\r\n\r\n");
            byte[] chunk = new byte[64 * 1024];
            for (int sent = 0; sent < UPLOAD; sent += chunk.length) {
                peer.write(chunk, chunk.length);
            }
            String answer = readAll(peer).toString(US_ASCII);
            assertTrue(answer.startsWith("HTTP/1.1 413 ") && answer.endsWith("\r\n\r\n"), answer);
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void http2_serverCloses_goAwayArrivesAsTheLastFrame(Transports transport) throws Exception {
        try (TestServer server = start(transport, c -> c.pipeline()
                        .addLast(
                                Http2FrameCodecBuilder.forServer().build(),
                                new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()),
                                new ClosesAfter(Http2SettingsFrame.class)));
                PeerSocket peer = server.connect()) {
            send(peer, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
            byte[] stream = readWhileSending(peer, "\0\0\10\6\1\0\0\0\0pingpong".getBytes(US_ASCII));
            int lastType = -1;
            ByteBuffer frames = ByteBuffer.wrap(stream);
            while (frames.hasRemaining()) {
                int head = frames.getInt();
                lastType = head & 0xff;
                frames.position(frames.position() + 5 + (head >>> 8));
            }
            assertEquals(7, lastType, "GOAWAY");
        }
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void webSocket_serverCloses_closeFrameArrives(Transports transport) throws Exception {
        try (TestServer server = start(transport, c -> c.pipeline()
                        .addLast(
                                new HttpServerCodec(),
                                new HttpObjectAggregator(1024),
                                new WebSocketServerProtocolHandler("/"),
                                new ClosesAfter(WebSocketServerProtocolHandler.HandshakeComplete.class)));
                PeerSocket peer = server.connect()) {
            send(
                    peer,
                    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
            byte[] maskedPing = {(byte) 0x89, (byte) 0x80, 1, 2, 3, 4};
            byte[] stream = readWhileSending(peer, maskedPing);
            int frame = new String(stream, ISO_8859_1).indexOf("\r\n\r\n") + 4;
            assertEquals((byte) 0x88, stream[frame], "close frame");
            // Netty answers pings until its Close frame is in the kernel, which is when close() comes to us.
            for (int next = frame + 2 + stream[frame + 1]; next < stream.length; next += 2) {
                assertEquals((byte) 0x8a, stream[next], "a whole pong");
            }
        }
    }

    private static TestServer start(Transports transport, Consumer<Channel> handlers) {
        return TestServer.on(transport)
                .config(GracefulCloseConfig.builder().discardRate(64L << 20).build())
                .handlers(handlers)
                .start();
    }

    private static void send(PeerSocket peer, String text) throws IOException {
        byte[] bytes = text.getBytes(US_ASCII);
        peer.write(bytes, bytes.length);
    }

    /** Sends on and on until the end is read; nothing may go wrong on either side before. */
    private static byte[] readWhileSending(PeerSocket peer, byte[] message) throws Exception {
        AtomicReference<IOException> failure = new AtomicReference<>();
        AtomicBoolean over = new AtomicBoolean();
        Thread sender = new Thread(
                () -> {
                    try {
                        while (!over.get()) {
                            peer.write(message, message.length);
                        }
                    } catch (IOException e) {
                        failure.set(e);
                    }
                },
                "sender");
        sender.start();
        try {
            byte[] stream = readAll(peer).toByteArray();
            assertFalse(failure.get() != null, () -> "the peer's write failed: " + failure.get());
            return stream;
        } finally {
            over.set(true);
            peer.close();
            sender.join();
        }
    }

    private static ByteArrayOutputStream readAll(PeerSocket peer) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[4096];
        for (int count = peer.read(buffer, buffer.length); count >= 0; count = peer.read(buffer, buffer.length)) {
            all.write(buffer, 0, count);
        }
        return all;
    }

    /** Closes the channel when a message or an event of one type comes. */
    private static final class ClosesAfter extends ChannelInboundHandlerAdapter {
        private final Class<?> type;

        ClosesAfter(Class<?> type) {
            this.type = type;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            closeAt(ctx, message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            closeAt(ctx, event);
        }

        private void closeAt(ChannelHandlerContext ctx, Object sign) {
            if (type.isInstance(sign)) {
                ctx.close();
            }
        }
    }
}
