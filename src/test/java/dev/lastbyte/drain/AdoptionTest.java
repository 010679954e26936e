package dev.lastbyte.drain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.CloseReport;
import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.NoWarnings;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A pipeline that gets the manager's handler, and has or gets one of the user's own. */
@ExtendWith(NoWarnings.class)
class AdoptionTest {
    private final GracefulCloseManager manager = GracefulCloseManager.create();
    private final List<CloseReport> reports = new ArrayList<>();
    private final GracefulCloseConfig config = GracefulCloseConfig.builder()
            .closeListener((channel, report) -> reports.add(report))
            .build();
    private final GracefulCloseHandler own = new GracefulCloseHandler(config);

    private static ChannelHandler initializer(Consumer<Channel> pipeline) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                pipeline.accept(channel);
            }
        };
    }

    private void assertManagedOnce(EmbeddedDuplexChannel channel, GracefulCloseHandler stays) {
        channel.checkException();
        channel.runPendingTasks();
        assertEquals(
                List.of(stays),
                channel.pipeline().toMap().values().stream()
                        .filter(GracefulCloseHandler.class::isInstance)
                        .toList());
        assertEquals(1, manager.openConnections());
        GracefulCloseHandler.exchangeStarted(channel);
        GracefulCloseHandler.exchangeEnded(channel);
        channel.pipeline().close();
        channel.runPendingTasks();
        assertEquals(1, manager.closingConnections());
        channel.peerFin();
        assertEquals(0, manager.openConnections());
        assertEquals(0, manager.closingConnections());
        assertEquals(1, reports.size());
    }

    @Test
    void childHandler_userAddsHisOwnFirst_itStaysAndIsManaged() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(
                manager.childHandler(initializer(ch -> ch.pipeline().addFirst(own))));
        assertManagedOnce(channel, own);
    }

    @Test
    void childHandler_userAddsHisOwnLast_itStaysAndIsManaged() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(
                manager.childHandler(initializer(ch -> ch.pipeline().addLast(own))));
        assertManagedOnce(channel, own);
    }

    @Test
    void childHandler_userHadHisOwnBefore_itStaysAndIsManaged() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel();
        channel.pipeline().addLast(own, manager.childHandler(initializer(ch -> {})));
        assertManagedOnce(channel, own);
    }

    @Test
    void childHandler_userAddsOneOfTheSameManager_itStays() {
        GracefulCloseHandler managed = manager.newHandler(config);
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(
                manager.childHandler(initializer(ch -> ch.pipeline().addFirst(managed))));
        assertManagedOnce(channel, managed);
    }

    @Test
    void childHandler_ownIsAddedWhileAnExchangeIsOpen_theExchangeGoesOn() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(manager.childHandler(initializer(ch -> {})));
        GracefulCloseHandler.exchangeStarted(channel);
        channel.pipeline().addFirst(own);
        GracefulCloseHandler.exchangeEnded(channel);
        assertManagedOnce(channel, own);
    }

    @Test
    void childHandler_oneOfAnotherManager_staysThere_andWarnsOnce() {
        NoWarnings.expect("handlers of two GracefulCloseManagers");
        GracefulCloseManager other = GracefulCloseManager.create();
        List<EmbeddedDuplexChannel> channels = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            GracefulCloseHandler theirs = other.newHandler();
            EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(
                    manager.childHandler(initializer(ch -> ch.pipeline().addFirst(theirs))));
            channel.checkException();
            channels.add(channel);
            assertSame(theirs, channel.pipeline().get(GracefulCloseHandler.class));
            assertEquals(0, manager.openConnections());
            assertEquals(i, other.openConnections());
        }
        channels.forEach(channel -> {
            channel.pipeline().close();
            channel.peerFin();
        });
        assertEquals(0, other.openConnections());
    }

    @Test
    void childHandler_userAddsHisOwnTwice_theSecondIsRefused() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(
                manager.childHandler(initializer(ch -> ch.pipeline().addFirst(own))));
        channel.pipeline().addLast("second", new GracefulCloseHandler(config));
        Throwable refusal = assertThrows(RuntimeException.class, channel::checkException);
        assertTrue(String.valueOf(refusal.getCause()).contains("add it once"), refusal::toString);
        assertNull(channel.pipeline().get("second"));
        assertManagedOnce(channel, own);
    }

    @Test
    void childHandler_ownIsAddedWhileClosing_isRefused() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(manager.childHandler(initializer(ch -> {})));
        channel.pipeline().close();
        channel.pipeline().addLast("second", own);
        assertThrows(RuntimeException.class, channel::checkException);
        assertNull(channel.pipeline().get("second"));
        channel.peerFin();
        assertEquals(0, manager.openConnections());
    }
}
