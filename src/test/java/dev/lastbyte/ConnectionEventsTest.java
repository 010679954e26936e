package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.drain.DrainEvent;
import dev.lastbyte.drain.DrainEvents;
import dev.lastbyte.drain.DrainPolicy;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.Linear;
import dev.lastbyte.testing.NoWarnings;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who hears what of a connection, in which order, where, and how often. */
@ExtendWith(NoWarnings.class)
@SuppressWarnings("deprecation") // Netty 4.2 advises against an executor of a handler's own
class ConnectionEventsTest {
    private final List<String> heard = new ArrayList<>();

    /** Notes what it hears, with its name. */
    private class Ear extends ChannelInboundHandlerAdapter implements ConnectionEvents {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            GracefulCloseHandler.listen(ctx, this);
        }

        @Override
        public void drain(ChannelHandlerContext ctx, Drain drain) {
            heard.add(ctx.name() + " drain");
        }

        @Override
        public void closeStarted(ChannelHandlerContext ctx) {
            heard.add(ctx.name() + " close");
        }

        @Override
        public void peerEnded(ChannelHandlerContext ctx) {
            heard.add(ctx.name() + " end");
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof DrainEvent || event instanceof CloseStartedEvent) {
                heard.add(ctx.name() + " event " + event.getClass().getSimpleName());
            }
            ctx.fireUserEventTriggered(event);
        }
    }

    private static EmbeddedDuplexChannel open(GracefulCloseConfig config) {
        return new EmbeddedDuplexChannel(new GracefulCloseHandler(config, new FrozenSystem()));
    }

    private static EmbeddedDuplexChannel open() {
        return open(GracefulCloseConfig.defaults());
    }

    private static void drain(EmbeddedDuplexChannel channel) {
        DrainEvents.tell(channel, DrainEvents.begun(DrainPolicy.defaults()));
    }

    private static void end(EmbeddedDuplexChannel channel) {
        GracefulCloseHandler.closeNow(channel);
        channel.runPendingTasks();
    }

    @Test
    void events_reachTheNearestFirst_once_andNoUserEventIsFired() {
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().addLast("far", new Ear());
        channel.pipeline().addAfter(channel.pipeline().firstContext().name(), "near", new Ear());
        channel.room(0);
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[10])); // or the end would be the close
        drain(channel);
        drain(channel);
        channel.peerFin();
        channel.pipeline().close();
        channel.pipeline().close();
        assertEquals(List.of("near drain", "far drain", "near end", "far end", "near close", "far close"), heard);
        end(channel);
    }

    @Test
    void handlerAddedLater_isToldAtOnce() {
        EmbeddedDuplexChannel channel = open();
        channel.room(0);
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[10]));
        drain(channel);
        channel.peerFin();
        channel.pipeline().close();
        channel.pipeline().addLast("late", new Ear());
        assertEquals(List.of("late drain", "late end", "late close"), heard);
        end(channel);
    }

    @Test
    void handlerThatHasLeft_isToldNothing() {
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().addLast("gone", new Ear());
        channel.pipeline().remove("gone");
        drain(channel);
        assertEquals(List.of(), heard);
        end(channel);
    }

    @Test
    void idlePeerThatEnds_isHeardOfBeforeTheClose() {
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().addLast("app", new Ear());
        channel.peerFin();
        assertEquals(List.of("app end"), heard); // a plain close is no close sequence
    }

    @Test
    void withUserEvents_bothWaysTell() {
        EmbeddedDuplexChannel channel =
                open(GracefulCloseConfig.builder().withUserEvents().build());
        channel.pipeline().addLast("app", new Ear());
        drain(channel);
        channel.pipeline().close();
        assertEquals(List.of("app drain", "app event DrainEvent", "app close", "app event CloseStartedEvent"), heard);
        end(channel);
    }

    @Test
    void listenerThatThrows_keepsNothingFromTheOthers() {
        NoWarnings.expect("a listener of 'bad' threw");
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().addLast("bad", new Ear() {
            @Override
            public void closeStarted(ChannelHandlerContext ctx) {
                throw new IllegalStateException("on purpose");
            }
        });
        channel.pipeline().addLast("good", new Ear());
        channel.pipeline().close();
        assertEquals(List.of("good close"), heard);
        end(channel);
    }

    @Test
    void handlerWithAnExecutorOfItsOwn_isToldThere() throws Exception {
        DefaultEventExecutorGroup other = new DefaultEventExecutorGroup(1);
        CompletableFuture<Boolean> there = new CompletableFuture<>();
        CompletableFuture<Void> added = new CompletableFuture<>();
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().addLast(other, "far", new ChannelInboundHandlerAdapter() {
            @Override
            public void handlerAdded(ChannelHandlerContext ctx) {
                GracefulCloseHandler.listen(ctx, new ConnectionEvents() {
                    @Override
                    public void drain(ChannelHandlerContext context, Drain drain) {
                        there.complete(context.executor().inEventLoop());
                    }
                });
                added.complete(null);
            }
        });
        added.get(30, TimeUnit.SECONDS);
        channel.runPendingTasks();
        drain(channel);
        assertTrue(there.get(30, TimeUnit.SECONDS));
        end(channel);
        other.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    /** What a request adds and removes again must not pile up. */
    @Test
    void handlersThatComeAndGo_leaveNothing() {
        Linear.assertLinear(100_000, times -> {
            EmbeddedDuplexChannel channel = open();
            for (int i = 0; i < times; i++) {
                ChannelHandler passing = new Ear();
                channel.pipeline().addLast(passing);
                channel.pipeline().remove(passing);
            }
            drain(channel);
            end(channel);
        });
        assertEquals(List.of(), heard);
    }

    /** A channel within a connection hears of the connection, and of its own close, each once. */
    @Test
    void channelWithinAConnection_isToldOnce() {
        EmbeddedDuplexChannel connection = open();
        connection.pipeline().addLast("connection", new Ear());
        EmbeddedDuplexChannel stream = open().acceptedBy(connection);
        stream.pipeline().addLast("stream", new Ear());
        drain(connection);
        stream.pipeline().close();
        connection.pipeline().close();
        assertEquals(List.of("connection drain", "stream drain", "stream close", "connection close"), heard);
        end(stream);
        end(connection);
    }

    // ---- the burst that is under way when a handler closes ---------------------------------------------------------

    private class Reader extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            heard.add("read");
            ctx.fireChannelRead(message);
            ctx.close();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            heard.add("complete");
        }
    }

    @Test
    void closeInTheMiddleOfABurst_completesIt_onceAndNoOther() {
        EmbeddedDuplexChannel channel = open();
        channel.pipeline().addLast(new Reader());
        channel.pipeline().fireChannelRead("first");
        channel.pipeline().fireChannelRead(Unpooled.wrappedBuffer(new byte[10])); // dropped
        channel.pipeline().fireChannelReadComplete();
        assertEquals(List.of("read", "complete"), heard);
        channel.runPendingTasks();
        channel.peerSends(10);
        assertEquals(List.of("read", "complete"), heard);
        channel.peerFin();
        channel.releaseInbound();
    }

    @Test
    void closeInTheMiddleOfABurst_withOutputPending_completesItToo() {
        EmbeddedDuplexChannel channel = open();
        channel.room(0);
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[10]));
        channel.pipeline().addLast(new Reader());
        channel.peerSends(1);
        channel.peerSends(1);
        assertEquals(List.of("read", "complete"), heard);
        end(channel);
        channel.releaseInbound();
    }
}
