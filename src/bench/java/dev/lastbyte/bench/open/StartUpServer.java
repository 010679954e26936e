package dev.lastbyte.bench.open;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.bench.netty.Setup;
import dev.lastbyte.bench.process.CpuTime;
import dev.lastbyte.demo.Transport;
import dev.lastbyte.drain.GracefulCloseManager;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The program of {@link StartUpCommand}: a fresh JVM whose server answers one connection with 1 KB, closes it, and tells how long all
 * that took. The library's classes are loaded by those variants alone that use them. Stateless.
 */
final class StartUpServer {
    private static final int ANSWER = 1024;
    private static final long PATIENCE_SECONDS = 30;

    private StartUpServer() {}

    /** Tells its port, then, when the connection is closed, the nanoseconds since this line, the milliseconds since the JVM began, and its CPU time in nanoseconds. */
    public static void main(String[] arguments) throws Exception {
        long begun = System.nanoTime();
        Transport transport = Transport.valueOf(arguments[0]);
        Setup setup = Setup.valueOf(arguments[1]);
        CompletableFuture<Long> closed = new CompletableFuture<>();
        @Nullable GracefulCloseManager manager = setup == Setup.MANAGER ? GracefulCloseManager.create() : null;
        Channel listener = new ServerBootstrap()
                .group(transport.newGroup(1))
                .channel(transport.serverChannel())
                .childHandler(childHandler(setup, manager, closed))
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sync()
                .channel();
        if (manager != null) {
            manager.manage(listener);
            manager.installShutdownHook(Duration.ofSeconds(25));
        }
        System.out.println(((InetSocketAddress) listener.localAddress()).getPort());
        long nanos = closed.get(PATIENCE_SECONDS, TimeUnit.SECONDS) - begun;
        long now = System.currentTimeMillis();
        long cpuNanos = CpuTime.ofProcess(ProcessHandle.current().pid());
        long millisOfJvm = now - ManagementFactory.getRuntimeMXBean().getStartTime();
        System.out.println(nanos + " " + millisOfJvm + " " + cpuNanos);
        System.out.flush();
        Runtime.getRuntime().halt(0); // the drain at the JVM's end is another bench's
    }

    private static ChannelHandler childHandler(
            Setup setup, @Nullable GracefulCloseManager manager, CompletableFuture<Long> closed) {
        ChannelInitializer<Channel> initializer = new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                if (setup == Setup.HANDLER) {
                    channel.pipeline().addFirst(new GracefulCloseHandler());
                }
                channel.pipeline().addLast(new Answer());
                channel.closeFuture().addListener(f -> closed.complete(System.nanoTime()));
            }
        };
        return manager == null ? initializer : manager.childHandler(initializer);
    }

    /** Answers a connection as soon as it is there, and closes it. */
    private static final class Answer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[ANSWER])).addListener(ChannelFutureListener.CLOSE);
        }
    }
}
