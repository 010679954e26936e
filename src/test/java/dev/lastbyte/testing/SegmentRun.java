package dev.lastbyte.testing;

import dev.lastbyte.testing.PacketCapture.Segment;
import io.netty.channel.Channel;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Consumer;

/**
 * One request and its answer over the loopback device, and the segments in which the server sent it.
 *
 * @param sequenced the server's segments with payload or FIN, in their order
 */
public record SegmentRun(List<Segment> sequenced) {
    /** An answer by a server with a {@code GracefulCloseHandler} on the transport's usual address. */
    public static SegmentRun on(
            Transports transport, Consumer<Channel> policy, Consumer<Channel> answer, int expectedBytes)
            throws Exception {
        return on(transport, policy, answer, expectedBytes, c -> {});
    }

    /** The same, on an address of choice. */
    public static SegmentRun on(
            Transports transport,
            InetAddress host,
            Consumer<Channel> policy,
            Consumer<Channel> answer,
            int expectedBytes)
            throws Exception {
        return play(TestServer.on(transport).host(host), policy, answer, expectedBytes, c -> {});
    }

    /** The same, with a look at the server's channel while the peer still has the connection open. */
    public static SegmentRun on(
            Transports transport,
            Consumer<Channel> policy,
            Consumer<Channel> answer,
            int expectedBytes,
            Consumer<Channel> check)
            throws Exception {
        return play(TestServer.on(transport), policy, answer, expectedBytes, check);
    }

    /** An answer by a server that closes plainly. */
    public static SegmentRun withoutGracefulClose(
            Transports transport, Consumer<Channel> policy, Consumer<Channel> answer, int expectedBytes)
            throws Exception {
        return play(TestServer.on(transport).withoutHandler(), policy, answer, expectedBytes, c -> {});
    }

    private static SegmentRun play(
            TestServer.Builder builder,
            Consumer<Channel> policy,
            Consumer<Channel> answer,
            int expectedBytes,
            Consumer<Channel> check)
            throws Exception {
        try (TestServer server = builder.handlers(c -> {
                            policy.accept(c);
                            c.pipeline().addLast(new Answer(ctx -> answer.accept(ctx.channel())));
                        })
                        .start();
                PacketCapture capture = PacketCapture.start(server.port());
                PeerSocket peer = server.connect()) {
            peer.write(new byte[] {0, 0, 0, 1}, 4);
            byte[] target = new byte[64 * 1024];
            int got = 0;
            while (got < expectedBytes) {
                int n = peer.read(target, target.length);
                if (n < 0) {
                    throw new AssertionError("EOF after " + got + " of " + expectedBytes + " bytes");
                }
                got += n;
            }
            Channel channel = server.accepted();
            check.accept(channel);
            int port = peer.localPort();
            peer.shutdownOutput();
            while (peer.read(target, target.length) >= 0) {
                got++;
            }
            if (got != expectedBytes) {
                throw new AssertionError(got + " bytes, not " + expectedBytes);
            }
            channel.close();
            return new SegmentRun(capture.stop().stream()
                    .filter(s -> s.from() == server.port() && s.to() == port && (s.length() > 0 || s.isFin()))
                    .toList());
        }
    }

    /** The server's segments with payload. */
    public List<Segment> data() {
        return sequenced.stream().filter(s -> s.length() > 0).toList();
    }

    /** Their lengths. */
    public List<Integer> dataLengths() {
        return data().stream().map(Segment::length).toList();
    }
}
