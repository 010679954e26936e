package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.Answer;
import dev.lastbyte.testing.ConnectStorm;
import dev.lastbyte.testing.Eventually;
import dev.lastbyte.testing.LogRecorder;
import dev.lastbyte.testing.OneByteServer;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.ResourceCheck;
import dev.lastbyte.testing.TestTls;
import dev.lastbyte.testing.Transports;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Servers whose child handlers know nothing of the library, with a manager attached to their listener. */
@RealSockets
class AttachIT {
    private static final String GRACEFUL = "dev.lastbyte.testing.Transports#graceful";
    private static final String TCP = "dev.lastbyte.testing.Transports#tcp";
    private static final int ANSWER = 1 << 20;

    /** A server that somebody else has written. Thread-safe. */
    private static final class Server implements AutoCloseable {
        private final Collection<CloseReport> reports = new ConcurrentLinkedQueue<>();
        private final GracefulCloseManager manager = GracefulCloseManager.builder()
                .connections(GracefulCloseConfig.builder()
                        .closeListener((channel, report) -> reports.add(report))
                        .build())
                .drainPolicy(Drained.POLICY)
                .build();
        private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
        private final Transports transport;
        private final EventLoopGroup group;
        private final ResourceCheck resources;
        private final ChannelHandler initializer;
        private SocketAddress address;

        Server(Transports transport, Consumer<Channel> handlers) {
            this.transport = transport.assumeAvailable();
            group = transport.newGroup(2);
            resources = new ResourceCheck(group);
            address = transport.newAddress();
            initializer = new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel child) {
                    child.config().setAllocator(resources.allocator());
                    handlers.accept(child);
                    accepted.add(child);
                }
            };
        }

        ServerBootstrap bootstrap() {
            return new ServerBootstrap()
                    .group(group)
                    .channel(transport.serverChannel())
                    .option(ChannelOption.SO_BACKLOG, 4096)
                    .childHandler(initializer);
        }

        Channel bound(ChannelFuture bind) {
            Channel listener = bind.syncUninterruptibly().channel();
            address = listener.localAddress();
            return listener;
        }

        /** A server channel with an acceptor of its own, registered with its event loop when the given step has been taken. */
        Channel ownAcceptor(Consumer<Channel> beforeRegistration) throws ReflectiveOperationException {
            ServerChannel listener =
                    transport.serverChannel().getDeclaredConstructor().newInstance();
            listener.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                    Channel child = (Channel) message;
                    child.pipeline().addLast(initializer);
                    group.register(child);
                }
            });
            beforeRegistration.accept(listener);
            group.register(listener).syncUninterruptibly();
            return listener;
        }

        PeerRun connect(boolean tls) throws Exception {
            PeerSocket socket = PeerSocket.connect(address, tls ? TestTls.peer() : null, 0);
            return new PeerRun(socket, 1, new CountDownLatch(0));
        }

        Channel accepted() throws InterruptedException {
            Channel child = accepted.poll(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (child == null) {
                throw new AssertionError("no connection arrived");
            }
            return child;
        }

        void awaitOpen(long count) {
            Eventually.await(count + " open, not " + manager, () -> manager.openConnections() == count);
        }

        DrainReport drain() {
            return Drained.await(manager.drain());
        }

        @Override
        public void close() throws IOException {
            List<String> problems = new ArrayList<>(resources.close());
            if (transport.isUnix()) {
                Path path = Path.of(address instanceof DomainSocketAddress unix ? unix.path() : address.toString());
                Files.deleteIfExists(path);
                Files.deleteIfExists(path.getParent());
            }
            assertEquals(List.of(), problems);
            Drained.awaitNoThreads();
        }
    }

    /** The peer's handshake is over before that of the server is: a drain may begin in between. */
    private static void awaitHandshake(Channel channel) throws InterruptedException {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls != null) {
            assertTrue(tls.handshakeFuture().await(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS));
        }
    }

    private static void assertServedAndDrained(Server server, boolean tls) throws Exception {
        PeerRun busy = server.connect(tls);
        Channel first = server.accepted(); // before the next one: two event loops take them in any order
        PeerRun idle = server.connect(tls);
        awaitHandshake(server.accepted());
        server.awaitOpen(2);
        busy.request();
        busy.readAll();
        assertTrue(busy.result().isWhole(ANSWER), () -> busy.result().toString());
        busy.socket().close();
        assertTrue(first.closeFuture().await(ManagedServer.PATIENCE_SECONDS, TimeUnit.SECONDS));
        server.awaitOpen(1);
        var drain = server.manager.drain();
        idle.readAll();
        assertTrue(idle.isEof(), () -> idle.result().toString());
        idle.socket().close();
        DrainReport report = Drained.await(drain);
        assertEquals(1, Drained.closed(report), report::toString);
        assertEquals(0, report.forced() + report.released() + report.interrupted(), report::toString);
        assertEquals(1, report.listeners().size(), report::toString);
        assertEquals(2, server.reports.size(), server.reports::toString);
    }

    @ParameterizedTest
    @EnumSource(Transports.class)
    void attach_boundListener_connectionsAreServedAndDrained(Transports transport) throws Exception {
        try (Server server = new Server(transport, c -> c.pipeline().addLast(Answer.thenClose(ANSWER)))) {
            server.manager.attach(server.bound(server.bootstrap().bind(server.address)));
            awaitAttached(server);
            assertServedAndDrained(server, false);
        }
    }

    private static void awaitAttached(Server server) {
        server.group.forEach(loop -> loop.submit(() -> {}).syncUninterruptibly());
    }

    @ParameterizedTest
    @MethodSource(TCP)
    void listenerHandler_initializerPutsTlsInFront_handlerMovesToTheFront(Transports transport) throws Exception {
        SslContext context = TestTls.server();
        try (Server server = new Server(transport, c -> {
            c.pipeline().addLast(Answer.thenClose(ANSWER));
            c.pipeline().addFirst("tls", context.newHandler(c.alloc()));
            c.pipeline().get(SslHandler.class).handshakeFuture().addListener(done -> {
                assertInstanceOf(GracefulCloseHandler.class, c.pipeline().first());
                assertEquals(1, c.pipeline().names().indexOf("tls"));
            });
        })) {
            server.bound(
                    server.bootstrap().handler(server.manager.listenerHandler()).bind(server.address));
            assertServedAndDrained(server, true);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void attach_acceptorOfItsOwn_beforeItIsRegistered(Transports transport) throws Exception {
        try (Server server = new Server(transport, c -> c.pipeline().addLast(Answer.thenClose(ANSWER)))) {
            Channel listener = server.ownAcceptor(server.manager::attach);
            server.bound(listener.bind(server.address));
            assertServedAndDrained(server, false);
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void attach_withChildHandlerAndTheUsersOwn_oneHandlerActs(Transports transport) throws Exception {
        Collection<CloseReport> own = new ConcurrentLinkedQueue<>();
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .closeListener((channel, report) -> own.add(report))
                .build();
        try (Server server = new Server(transport, c -> {
            c.pipeline().addLast(new GracefulCloseHandler(config));
            c.pipeline().addLast(Answer.thenClose(ANSWER));
        })) {
            server.bound(server.bootstrap()
                    .handler(server.manager.listenerHandler())
                    .childHandler(server.manager.childHandler(server.initializer))
                    .bind(server.address));
            PeerRun peer = server.connect(false);
            Channel child = server.accepted();
            server.awaitOpen(1);
            assertEquals(
                    1,
                    child.eventLoop()
                            .submit(() -> child.pipeline().toMap().values().stream()
                                    .filter(GracefulCloseHandler.class::isInstance)
                                    .count())
                            .get(30, TimeUnit.SECONDS));
            peer.request();
            peer.readAll();
            peer.socket().close();
            assertTrue(peer.result().isWhole(ANSWER), () -> peer.result().toString());
            server.awaitOpen(0);
            assertEquals(1, own.size());
            assertEquals(0, server.reports.size());
            server.drain();
        }
    }

    /** The connections that are there already stay as they are. */
    @ParameterizedTest
    @MethodSource(TCP)
    void attach_openConnections_areCountedAndLeftAlone(Transports transport) throws Exception {
        LogRecorder log = LogRecorder.quiet(EarlierConnections.class, Level.INFO);
        log.start();
        List<String> lines;
        try (Server server = new Server(transport, c -> c.pipeline().addLast(Answer.thenClose(ANSWER)))) {
            Channel listener = server.bound(server.bootstrap().bind(server.address));
            try (PeerRun one = server.connect(false);
                    PeerRun two = server.connect(false)) {
                List<Channel> earlier = List.of(server.accepted(), server.accepted());
                server.manager.attach(listener).attach(listener);
                awaitAttached(server); // until then the handler is in the pipeline, but is not called
                Eventually.await("counted", () -> listener.pipeline().get(EarlierConnections.class) == null);
                try (PeerRun three = server.connect(false)) {
                    server.accepted();
                    server.awaitOpen(1);
                    var drain = server.manager.drain();
                    three.readAll();
                    three.socket().close();
                    DrainReport report = Drained.await(drain);
                    assertEquals(1, Drained.closed(report), report::toString);
                }
                assertTrue(earlier.stream().allMatch(Channel::isActive));
                one.socket().close();
                two.socket().close();
                earlier.forEach(child -> child.closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS));
            }
        } finally {
            lines = log.stop();
        }
        assertEquals(1, lines.size(), lines::toString);
        assertTrue(lines.get(0).contains("has 2 connections that it accepted before attach()"), lines::toString);
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void attach_drainUnderAStorm_nobodyIsLost(Transports transport) throws Exception {
        GracefulCloseManager manager =
                GracefulCloseManager.builder().drainPolicy(Drained.PATIENT).build();
        transport.assumeAvailable();
        try (OneByteServer server =
                new OneByteServer(transport, transport.newAddress(), b -> b.handler(manager.listenerHandler()))) {
            try (ConnectStorm storm = ConnectStorm.untilRefused(server.address(), 8)) {
                storm.awaitServed(100);
                DrainReport report = Drained.await(manager.drain(), Drained.PATIENT.drainTimeout());
                storm.join();
                assertEquals(List.of(), storm.lost(), () -> storm + " " + report);
                assertFalse(server.listener().isOpen());
                assertTrue(report.openAtStart() + report.late() > 0, report::toString);
                assertEquals(0, manager.openConnections());
            }
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void manage_drainBeforeTheBind_neverAccepts(Transports transport) throws Exception {
        try (Server server = new Server(transport, c -> {})) {
            Channel listener = server.ownAcceptor(server.manager::manage);
            DrainReport report = server.drain();
            assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
            assertFalse(listener.isOpen());
            ChannelFuture bind = listener.bind(server.address).awaitUninterruptibly();
            assertSame(ClosedChannelException.class, rootClass(bind.cause()), () -> "" + bind.cause());
        }
    }

    private static Class<?> rootClass(Throwable failure) {
        return failure instanceof ClosedChannelException ? ClosedChannelException.class : failure.getClass();
    }

    /** As a framework does that makes its listener after SIGTERM. */
    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void listenerHandler_boundAfterTheDrain_isClosed(Transports transport) throws Exception {
        try (Server server = new Server(transport, c -> {})) {
            server.drain();
            ChannelFuture bind = server.bootstrap()
                    .handler(server.manager.listenerHandler())
                    .bind(server.address)
                    .awaitUninterruptibly();
            assertTrue(bind.channel().closeFuture().await(30, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @MethodSource(GRACEFUL)
    void manage_beforeTheBind_servesAndDrains(Transports transport) throws Exception {
        try (Server server = new Server(transport, c -> c.pipeline().addLast(Answer.thenClose(ANSWER)))) {
            Channel listener = server.ownAcceptor(l -> server.manager.manage(l).attach(l));
            server.bound(listener.bind(server.address));
            assertServedAndDrained(server, false);
        }
    }
}
