package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.testing.Listening;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What handlers see around a close on real sockets. */
@RealSockets
class ConnectionEventsIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";

    /** On io_uring data and EOF may come in one burst. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void closeInChannelRead_theBurstIsCompleted(Transports transport) throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        try (TestServer server = TestServer.on(transport)
                        .handlers(c -> c.pipeline().addLast(new Listening() {
                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object message) {
                                seen.add("read");
                                ReferenceCountUtil.release(message);
                                ctx.close();
                            }

                            @Override
                            public void channelReadComplete(ChannelHandlerContext ctx) {
                                seen.add("complete");
                            }

                            @Override
                            public void closeStarted(ChannelHandlerContext ctx) {
                                seen.add("close");
                            }

                            @Override
                            public void channelInactive(ChannelHandlerContext ctx) {
                                seen.add("inactive");
                            }
                        }))
                        .start();
                PeerSocket peer = server.connect()) {
            peer.write(new byte[10], 10);
            peer.shutdownOutput();
            server.report(server.accepted());
        }
        assertEquals(List.of("read", "close", "complete", "inactive"), seen);
    }

    /** The handler closes when it hears of the end: the completion of its last data still comes. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void closeAtThePeersEnd_theLastDataIsCompleted(Transports transport) throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        try (TestServer server = TestServer.on(transport)
                        .handlers(c -> c.pipeline().addLast(new Listening() {
                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object message) {
                                seen.add("read");
                                ReferenceCountUtil.release(message);
                                GracefulCloseHandler.exchangeStarted(ctx.channel());
                            }

                            @Override
                            public void channelReadComplete(ChannelHandlerContext ctx) {
                                if (seen.contains("read") && !seen.contains("complete")) {
                                    seen.add("complete"); // the EOF may have one of its own
                                }
                            }

                            @Override
                            public void peerEnded(ChannelHandlerContext ctx) {
                                seen.add("end");
                                ctx.close();
                            }
                        }))
                        .start();
                PeerSocket peer = server.connect()) {
            peer.write(new byte[10], 10);
            peer.shutdownOutput();
            server.report(server.accepted());
        }
        assertEquals(List.of("complete", "end", "read"), seen.stream().sorted().toList());
    }
}
