package dev.lastbyte.drain;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.lastbyte.tcp.PacedAnswer;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/** A server in a process of its own that only a signal ends. Prints its port. */
final class DrainHookMain {
    static final int ANSWER = 1 << 20;

    private DrainHookMain() {}

    @SuppressWarnings("deprecation")
    public static void main(String[] arguments) throws InterruptedException {
        ((Logger) LoggerFactory.getLogger("dev.lastbyte")).setLevel(Level.INFO);
        EventLoopGroup group = new NioEventLoopGroup(1);
        GracefulCloseManager manager =
                GracefulCloseManager.builder().drainPolicy(Drained.POLICY).build();
        CountDownLatch begun = new CountDownLatch(1);
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(manager.childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new PacedAnswer(ANSWER, 30, begun));
                    }
                }))
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sync()
                .channel();
        manager.manage(listener);
        manager.installShutdownHook(Duration.ofSeconds(5));
        manager.installShutdownHook(Duration.ofSeconds(10));
        System.out.println(((InetSocketAddress) listener.localAddress()).getPort());
        listener.closeFuture().sync();
        group.terminationFuture().sync();
    }
}
