package dev.lastbyte;

import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A server in a process of its own: {@code <seconds of patience> <bytes of an answer> <transport> ...}. A listener for each transport answers and closes.
 * Prints a line for each listener and for each close that begins; ends at the end of its input. Stateless.
 */
final class ChildServer {

    private ChildServer() {}

    public static void main(String[] arguments) throws Exception {
        Duration patience = Duration.ofSeconds(Long.parseLong(arguments[0]));
        int answer = Integer.parseInt(arguments[1]);
        for (int i = 2; i < arguments.length; i++) {
            System.out.println(arguments[i] + " " + listen(Transports.valueOf(arguments[i]), patience, answer));
        }
        while (System.in.read() >= 0) {
            // the parent says nothing
        }
        System.exit(0);
    }

    private static int listen(Transports transport, Duration patience, int answer) {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .flushTimeout(patience)
                .stallTimeout(patience)
                .deliveredTimeout(patience)
                .withUserEvents()
                .build();
        Channel listener = new ServerBootstrap()
                .group(transport.newGroup(1))
                .channel(transport.serverChannel())
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(new GracefulCloseHandler(config), Answer.thenClose(answer), new Teller());
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
