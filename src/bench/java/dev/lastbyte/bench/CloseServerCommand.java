package dev.lastbyte.bench;

import dev.lastbyte.demo.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.http.HttpServerCodec;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * A Netty server in a process of its own, on one event loop: answers each connection once and closes it. Prints its port and
 * process, and ends when its input does.
 */
@Command(name = "close-server", hidden = true, description = "Serves the benches of closing.")
final class CloseServerCommand implements Callable<Integer> {
    private static final int BACKLOG = 1024;

    @Option(names = "--transport", required = true)
    Transport transport = Transport.NIO;

    @Option(names = "--way", required = true)
    CloseWay way = CloseWay.PLAIN;

    @Option(names = "--codec", description = "with HttpServerCodec, as an application has it")
    boolean codec;

    @Override
    public Integer call() throws Exception {
        EventLoopGroup group = transport.newGroup(1);
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(way.childHandler(this::initialize))
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        System.out.println(((InetSocketAddress) listener.localAddress()).getPort() + " "
                + ProcessHandle.current().pid());
        while (System.in.read() >= 0) {
            // waits for its end: the bench is done, or gone
        }
        listener.close().sync();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(2, TimeUnit.SECONDS);
        return 0;
    }

    private void initialize(Channel channel) {
        if (codec) {
            channel.pipeline().addLast(new HttpServerCodec(), new HttpAnswer());
        } else {
            channel.pipeline().addLast(new FixedAnswer());
        }
    }
}
