package dev.lastbyte.drain;

import static dev.lastbyte.drain.DrainPhase.ANNOUNCING;
import static dev.lastbyte.drain.DrainPhase.DRAINED;
import static dev.lastbyte.drain.DrainPhase.READY;
import static dev.lastbyte.drain.DrainPhase.SHEDDING;
import static dev.lastbyte.drain.DrainPhase.STOP_ACCEPTING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseCause;
import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.testing.NoWarnings;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalServerChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What can start, join, take back and follow a drain. */
@ExtendWith(NoWarnings.class)
@SuppressWarnings("deprecation") // DefaultEventLoopGroup is the way of Netty 4.1
class DrainsTest {
    private static final DrainPolicy LONG_NOTICE = DrainPolicy.builder()
            .announceDelay(Duration.ofMinutes(1))
            .drainTimeout(Duration.ofMinutes(2))
            .build();

    private static DrainReport await(CompletableFuture<DrainReport> drain) throws Exception {
        return drain.get(30, TimeUnit.SECONDS);
    }

    @Test
    void secondDrain_joinsTheFirst_andNobodyElseCanCompleteIt() throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.create();
        manager.drain().cancel(true);
        assertEquals(await(manager.drain()), await(manager.drain(LONG_NOTICE)));
        assertEquals(DRAINED, manager.phase());
    }

    @Test
    void cancelThenDrain_isHeardInThatOrder() throws Exception {
        for (int round = 0; round < 100; round++) {
            List<DrainPhase> heard = new CopyOnWriteArrayList<>();
            GracefulCloseManager manager = GracefulCloseManager.builder()
                    .drainListener(new DrainListener() {
                        @Override
                        public void onPhase(DrainPhase phase) {
                            heard.add(phase);
                        }
                    })
                    .build();
            CompletableFuture<DrainReport> first = manager.drain(LONG_NOTICE);
            assertTrue(manager.cancelDrain());
            await(manager.drain());
            assertEquals(DrainReport.Outcome.CANCELLED, await(first).outcome());
            Awaitility.await().until(() -> heard.contains(DRAINED));
            assertEquals(List.of(ANNOUNCING, READY, ANNOUNCING, STOP_ACCEPTING, SHEDDING, DRAINED), heard);
        }
    }

    @Test
    void cancel_withoutADrain_isRefused() throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.create();
        assertFalse(manager.cancelDrain());
        await(manager.drain());
        assertFalse(manager.cancelDrain());
    }

    @Test
    void drainAndShutdown_cancelled_leavesTheEventLoops() throws Exception {
        EventLoopGroup group = new DefaultEventLoopGroup(1);
        try {
            GracefulCloseManager manager =
                    GracefulCloseManager.builder().drainPolicy(LONG_NOTICE).build();
            CompletableFuture<DrainReport> ended = manager.drainAndShutdown(group);
            assertTrue(manager.cancelDrain());
            assertEquals(DrainReport.Outcome.CANCELLED, await(ended).outcome());
            assertFalse(group.isShuttingDown());
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }

    @Test
    void drainAndShutdown_endsTheEventLoops() throws Exception {
        EventLoopGroup group = new DefaultEventLoopGroup(1);
        await(GracefulCloseManager.create().drainAndShutdown(group));
        assertTrue(group.isTerminated());
    }

    @Test
    void eventLoops_thatHaveTerminated_areForgotten_butNotTheirFigures() throws Exception {
        ConnectionRegistry registry = new ConnectionRegistry(SystemView.REAL, new ClosingBudget(10, Long.MAX_VALUE));
        EventLoopGroup group = new DefaultEventLoopGroup(1);
        Channel channel = new LocalChannel();
        ManagedConnection connection = new ManagedConnection(GracefulCloseConfig.defaults(), registry);
        channel.pipeline().addFirst(new GracefulCloseHandler(connection));
        group.register(channel).sync();
        channel.eventLoop()
                .submit(() -> connection.opened(channel.pipeline().firstContext()))
                .sync();
        assertEquals(1, registry.counts().open());
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        Awaitility.await().until(() -> registry.loops().isEmpty());
        assertEquals(1, registry.counts().of(LoopCounters.Count.OPENED));
        connection.released(); // what the channel still says comes after its event loop's end
        Awaitility.await().until(() -> registry.counts().open() == 0);
    }

    @Test
    void connections_whoseManagerIsForgotten_areNotKeptByTheirEventLoop() throws Exception {
        EventLoopGroup group = new DefaultEventLoopGroup(1);
        try {
            WeakReference<ConnectionRegistry> registry = servedOnce(group);
            Awaitility.await().until(() -> {
                System.gc();
                return registry.get() == null;
            });
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }

    private static WeakReference<ConnectionRegistry> servedOnce(EventLoopGroup group) throws Exception {
        ConnectionRegistry registry = new ConnectionRegistry(SystemView.REAL, new ClosingBudget(10, Long.MAX_VALUE));
        assertEquals(
                group.next(),
                group.submit(() -> registry.of(group.next())).get().loop());
        return new WeakReference<>(registry);
    }

    @Test
    void manager_drained_isNotKeptByItsShutdownHook() throws Exception {
        WeakReference<GracefulCloseManager> manager = drainedWithHook();
        Awaitility.await().until(() -> {
            System.gc();
            return manager.get() == null;
        });
    }

    private static WeakReference<GracefulCloseManager> drainedWithHook() throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.create();
        manager.installShutdownHook(Duration.ofSeconds(10));
        manager.installShutdownHook(Duration.ofSeconds(5));
        await(manager.drain());
        return new WeakReference<>(manager);
    }

    @Test
    void hook_withoutTimeForThePolicy_isRefused() {
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .drainPolicy(DrainPolicy.builder()
                        .gracePeriod(Duration.ofSeconds(20))
                        .build())
                .build();
        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> manager.installShutdownHook(Duration.ofSeconds(10)));
        assertTrue(e.getMessage().startsWith("drainTimeout 10 s is too short: needs at least "), e.getMessage());
    }

    @Test
    void channel_closedWhileDeregistered_isReportedOnce_andNotOpenAnyMore() throws Exception {
        List<CloseReport> reports = new CopyOnWriteArrayList<>();
        GracefulCloseManager manager = GracefulCloseManager.builder()
                .connections(GracefulCloseConfig.builder()
                        .closeListener((channel, report) -> reports.add(report))
                        .build())
                .build();
        EventLoopGroup group = new DefaultEventLoopGroup(1);
        try {
            LocalAddress address = new LocalAddress("deregistered");
            Channel listener = new ServerBootstrap()
                    .group(group)
                    .channel(LocalServerChannel.class)
                    .childHandler(new ChannelInboundHandlerAdapter())
                    .bind(address)
                    .sync()
                    .channel();
            Channel channel = new Bootstrap()
                    .group(group)
                    .channel(LocalChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel ch) {
                            ch.pipeline().addFirst(manager.newHandler());
                        }
                    })
                    .connect(address)
                    .sync()
                    .channel();
            Awaitility.await().until(() -> manager.openConnections() == 1);
            channel.deregister().sync();
            group.next()
                    .submit(() -> channel.unsafe().close(channel.voidPromise()))
                    .sync();
            Awaitility.await().until(() -> manager.openConnections() == 0);
            assertEquals(
                    List.of(CloseCause.TRANSPORT),
                    reports.stream().map(CloseReport::cause).toList());
            listener.close().sync();
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }

    @Test
    void embeddedChannels_areForgottenWhenTheyEnd() throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.create();
        EmbeddedChannel channel = new EmbeddedChannel(manager.newHandler());
        assertEquals(1, manager.openConnections());
        channel.close();
        assertEquals(0, manager.openConnections());
        long start = System.nanoTime();
        manager.close();
        assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(5));
        assertEquals(DRAINED, manager.phase());
    }

    @Test
    void manage_connection_isRefused() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> GracefulCloseManager.create()
                .manage(new EmbeddedChannel()));
        assertTrue(e.getMessage().contains("expected: a ServerChannel"), e.getMessage());
    }

    @Test
    void manage_listenerThatIsNotRegistered_isClosedByTheDrain() throws Exception {
        NioServerSocketChannel listener = new NioServerSocketChannel();
        GracefulCloseManager manager = GracefulCloseManager.create().manage(listener);
        DrainReport report = await(manager.drain());
        assertFalse(listener.isOpen());
        assertEquals(DrainReport.Outcome.COMPLETE, report.outcome(), report::toString);
        assertTrue(report.listeners().toString().contains("closed before it was bound"), report::toString);
    }

    @Test
    void manage_listenerThatIsNotRegistered_afterADrain_isClosed() throws Exception {
        GracefulCloseManager manager = GracefulCloseManager.create();
        await(manager.drain());
        NioServerSocketChannel listener = new NioServerSocketChannel();
        manager.manage(listener);
        assertFalse(listener.isOpen());
    }

    @Test
    void manage_listenerThatClosesUnbound_isForgotten() throws Exception {
        NioServerSocketChannel listener = new NioServerSocketChannel();
        GracefulCloseManager manager = GracefulCloseManager.create().manage(listener);
        listener.unsafe().close(listener.voidPromise());
        assertEquals(List.of(), await(manager.drain()).listeners());
    }

    @Test
    void manage_listenerClosedBefore_isRefused() {
        NioServerSocketChannel closed = new NioServerSocketChannel();
        closed.unsafe().closeForcibly();
        assertRefused(closed, "expected: open; it is closed, or bind() has failed");
    }

    @Test
    void manage_twice_doesNothingMore_andAnotherManagerIsRefused() throws Exception {
        EventLoopGroup group = new DefaultEventLoopGroup(1);
        try {
            Channel listener = new ServerBootstrap()
                    .group(group)
                    .channel(LocalServerChannel.class)
                    .childHandler(new ChannelInboundHandlerAdapter())
                    .bind(new LocalAddress("twice"))
                    .sync()
                    .channel();
            GracefulCloseManager manager = GracefulCloseManager.create();
            manager.manage(listener).manage(listener);
            assertRefused(listener, "another GracefulCloseManager has it already");
            assertEquals(1, await(manager.drain()).listeners().size());
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }

    @Test
    void manage_null_saysWhatIsExpected() {
        GracefulCloseManager manager = GracefulCloseManager.create();
        NullPointerException e = assertThrows(NullPointerException.class, () -> manager.manage(nothing()));
        assertEquals("listener: null (expected: a ServerChannel, as bind().sync().channel() is)", e.getMessage());
    }

    @SuppressWarnings("NullAway") // what a caller without null checks does
    private static Channel nothing() {
        return null;
    }

    private static void assertRefused(Channel listener, String text) {
        GracefulCloseManager manager = GracefulCloseManager.create();
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> manager.manage(listener));
        assertTrue(e.getMessage().contains(text), e.getMessage());
    }
}
