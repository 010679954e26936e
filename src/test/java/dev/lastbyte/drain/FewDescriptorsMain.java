package dev.lastbyte.drain;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/** An echo server in a process of its own that can open few descriptors. Says its port, and its report when it is told to drain. */
final class FewDescriptorsMain {
    private FewDescriptorsMain() {}

    /** Takes the transport, and {@code idleAfter} in milliseconds. */
    public static void main(String[] arguments) throws Exception {
        ((Logger) LoggerFactory.getLogger("io.netty")).setLevel(Level.OFF); // accepting fails again and again
        Transports transport = Transports.valueOf(arguments[0]);
        DrainPolicy policy = Drained.POLICY.toBuilder()
                .idleAfter(Duration.ofMillis(Long.parseLong(arguments[1])))
                .acceptTimeout(Duration.ofSeconds(2))
                .gracePeriod(Duration.ofSeconds(3))
                .drainTimeout(Duration.ofSeconds(10))
                .build();
        EventLoopGroup group = transport.newGroup(1);
        loadClasses();
        drainOne(transport, group, policy);
        GracefulCloseManager manager =
                GracefulCloseManager.builder().drainPolicy(policy).build();
        Channel listener = listen(transport, group, manager);
        System.out.println("pid " + ProcessHandle.current().pid());
        System.out.println("port " + ((InetSocketAddress) listener.localAddress()).getPort());
        BufferedReader words = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String word = words.readLine(); word != null; word = words.readLine()) {
            System.out.println("report " + manager.drain().get());
        }
        group.shutdownGracefully();
    }

    /** Here they lie in a directory, and each needs a descriptor to be loaded. */
    private static void loadClasses() throws Exception {
        Path root = Path.of(GracefulCloseManager.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        try (Stream<Path> files = Files.walk(root.resolve("dev"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                String name = root.relativize(file).toString().replace('/', '.').replaceAll("\\.class$", "");
                if (!name.endsWith("package-info")) {
                    Class.forName(name, false, GracefulCloseManager.class.getClassLoader());
                }
            }
        }
    }

    /** Loads what else a drain needs. */
    private static void drainOne(Transports transport, EventLoopGroup group, DrainPolicy policy) throws Exception {
        GracefulCloseManager manager =
                GracefulCloseManager.builder().drainPolicy(policy).build();
        Channel listener = listen(transport, group, manager);
        CompletableFuture<DrainReport> drain;
        try (Socket client = new Socket()) {
            client.connect(listener.localAddress());
            client.getOutputStream().write(1);
            client.getInputStream().read();
            drain = manager.drain();
            client.getInputStream().read();
        }
        drain.get().toString();
    }

    private static Channel listen(Transports transport, EventLoopGroup group, GracefulCloseManager manager)
            throws InterruptedException {
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .childHandler(manager.childHandler(new Echo()))
                .bind(transport.newAddress())
                .sync()
                .channel();
        manager.manage(listener);
        return listener;
    }

    /** Sends back what comes. */
    @ChannelHandler.Sharable
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.writeAndFlush(message);
        }
    }
}
