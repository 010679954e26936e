package dev.lastbyte;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A server in a process of its own, so that it can be stopped: a listener per transport, which answers and closes. Prints a line for
 * each listener and for each close that begins; ends at the end of its input. Stateless.
 */
final class StoppedServer {
    static final int ANSWER = 1 << 20;
    static final Duration PATIENCE = Duration.ofSeconds(1);

    private StoppedServer() {}

    public static void main(String[] arguments) throws Exception {
        for (String label : arguments) {
            System.out.println(label + " " + listen(Transports.valueOf(label)));
        }
        while (System.in.read() >= 0) {
            // the parent says nothing
        }
        System.exit(0);
    }

    private static int listen(Transports transport) {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .flushTimeout(PATIENCE)
                .stallTimeout(PATIENCE)
                .deliveredTimeout(PATIENCE)
                .withUserEvents()
                .build();
        Channel listener = new ServerBootstrap()
                .group(transport.newGroup(1))
                .channel(transport.serverChannel())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(new GracefulCloseHandler(config), Answer.thenClose(ANSWER), new Teller());
                    }
                })
                .bind(transport.newAddress())
                .syncUninterruptibly()
                .channel();
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** Tells that a close has begun. */
    private static final class Teller extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof CloseStartedEvent) {
                System.out.println("closing " + ctx.channel());
            }
        }
    }
}
