package dev.lastbyte.http2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseReport;
import dev.lastbyte.testing.Http2Answers;
import dev.lastbyte.testing.Http2Frames;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.Channel;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** HTTP/2 clients that leave in the middle, on real sockets: nothing is held for them. */
@RealSockets
class Http2PeerEndIT {
    private static final int WINDOW = 65_535;

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void clientThatNeverOpensItsWindow_leaves_isLetGoAtOnce(Transports transport) throws Exception {
        for (boolean closes : new boolean[] {true, false}) {
            try (TestServer server = TestServer.on(transport)
                    .handlers(c -> {
                        c.pipeline().addLast(Http2Answers.MULTIPLEX.newCodec(), new Http2FarewellHandler());
                        Http2Answers.MULTIPLEX.newHandlers().forEach(c.pipeline()::addLast);
                        c.pipeline().addLast(Http2Answers.newResetSink());
                    })
                    .start()) {
                PeerSocket peer = server.connect();
                byte[] request = Http2Frames.concat(Http2Frames.preface(), Http2Frames.request(1, "/1000000/0", true));
                peer.write(request, request.length);
                ByteBuffer unread = ByteBuffer.allocate(1 << 18);
                int[] body = {0};
                List<String> words = new ArrayList<>();
                while (body[0] < WINDOW) {
                    assertTrue(readFrames(peer, unread, body, words), "ended early");
                }
                Channel channel = server.accepted();
                words.clear();
                if (closes) {
                    peer.close();
                } else {
                    peer.shutdownOutput();
                    while (readFrames(peer, unread, body, words)) {
                        // to the end
                    }
                    assertEquals(List.of("GOAWAY 1 0", "RST 1 8"), words);
                }
                CloseReport report = server.report(channel);
                peer.close();
                assertTrue(report.totalTime().compareTo(Duration.ofSeconds(4)) < 0, report::toString);
                assertEquals(0, report.farewell().orElseThrow().lostRequests());
                assertEquals(WINDOW, body[0]);
            }
        }
    }

    private static boolean readFrames(PeerSocket peer, ByteBuffer unread, int[] body, List<String> words)
            throws Exception {
        byte[] buffer = new byte[1 << 14];
        int count = peer.read(buffer, buffer.length);
        if (count < 0) {
            return false;
        }
        unread.put(buffer, 0, count);
        Http2Frames.split(unread, frame -> {
            if (frame.type() == Http2Frames.DATA) {
                body[0] += frame.payload().length;
            } else if (frame.type() == Http2Frames.GOAWAY || frame.type() == Http2Frames.RST_STREAM) {
                words.add(frame.toString());
            }
        });
        return true;
    }
}
