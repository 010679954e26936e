package dev.lastbyte.drain;

import dev.lastbyte.internal.EventLoops;
import dev.lastbyte.internal.Loggers;
import dev.lastbyte.internal.SocketTable;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;

/**
 * Counts the connections that a listener had accepted before its manager could give them a handler, and logs how many there are. Netty
 * knows the parent of a connection, but no listener knows its children; the kernel's table of sockets does. Reading it takes a thread of
 * its own. Meanwhile this handler of the listener's pipeline notes who is accepted, and has a handler. Confined to the listener's event
 * loop.
 */
final class EarlierConnections extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = Loggers.of(EarlierConnections.class);

    private final Set<SocketAddress> later = new HashSet<>();

    private EarlierConnections() {}

    /** Begins to count; on the listener's event loop. */
    static void log(Channel listener) {
        assert listener.eventLoop().inEventLoop();
        if (!(listener.localAddress() instanceof InetSocketAddress address) || !SocketTable.SYSTEM.isReadable()) {
            LOG.debug("{} cannot tell how many connections it has accepted before: they are not managed", listener);
            return;
        }
        EarlierConnections counted = new EarlierConnections();
        listener.pipeline().addFirst(counted);
        Thread thread = new Thread(() -> counted.read(listener, address), "lastbyte-attach");
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (Throwable t) { // no more threads: the listener is served all the same
            LOG.debug("{} cannot tell how many connections it has accepted before", listener, t);
            listener.pipeline().remove(counted);
        }
    }

    private void read(Channel listener, InetSocketAddress address) {
        Set<InetSocketAddress> accepted = accepted(listener, address);
        EventLoops.execute(listener.eventLoop(), () -> log(listener, accepted));
    }

    private static Set<InetSocketAddress> accepted(Channel listener, InetSocketAddress address) {
        try {
            return SocketTable.SYSTEM.accepted(address);
        } catch (Throwable t) { // the handler leaves all the same
            LOG.debug("{} cannot tell how many connections it has accepted before", listener, t);
            return Set.of();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof Channel child) {
            later.add(child.remoteAddress());
        }
        ctx.fireChannelRead(message);
    }

    private void log(Channel listener, Set<InetSocketAddress> accepted) {
        if (listener.pipeline().context(this) != null) {
            listener.pipeline().remove(this);
        }
        long earlier = accepted.stream().filter(peer -> !later.contains(peer)).count();
        if (earlier > 0) {
            LOG.info(
                    "{} has {} connections that it accepted before attach(): they are not managed, and a drain does not wait for them;"
                            + " attach the listener before it is bound to have them all",
                    listener,
                    earlier);
        }
    }
}
