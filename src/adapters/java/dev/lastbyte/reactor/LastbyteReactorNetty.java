package dev.lastbyte.reactor;

import dev.lastbyte.auto.Farewells;
import dev.lastbyte.drain.GracefulCloseManager;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ServerChannel;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.netty.http.server.HttpServer;
import reactor.netty.tcp.TcpServer;

/**
 * Makes servers on Reactor Netty close gracefully and drain without loss:
 *
 * <pre>{@code
 * GracefulCloseManager manager = GracefulCloseManager.create();
 * HttpServer server = HttpServer.create().port(8080).handle(handler);
 * DisposableServer bound = LastbyteReactorNetty.install(server, manager).bindNow();
 * …
 * manager.close(); // drains, and waits
 * bound.disposeNow(); // closes the listener and stops the event loops; called first, it would cut every connection
 * }</pre>
 *
 * <p>Reactor Netty's servers are immutable: each method returns another server than it got. One manager may serve any number of them.
 * HTTP/3, whose listener is a datagram channel, is left alone, with one WARN. Stateless and thread-safe.
 */
public final class LastbyteReactorNetty {
    private static final Logger LOG = LoggerFactory.getLogger(LastbyteReactorNetty.class);

    private LastbyteReactorNetty() {}

    /**
     * An HTTP server whose listener and connections belong to the manager. Where the manager has no {@linkplain
     * GracefulCloseManager.Builder#farewells farewells}, the connections get those of {@link Farewells#auto()}: HTTP/1.1, HTTP/2 and
     * WebSocket.
     *
     * @throws NullPointerException if an argument is null
     */
    public static HttpServer install(HttpServer server, GracefulCloseManager manager) {
        Objects.requireNonNull(server, "server");
        boolean farewells =
                Objects.requireNonNull(manager, "manager").farewells().isPresent();
        return server.doOnChannelInit((observer, channel, remote) -> {
                    if (channel.parent() instanceof ServerChannel) {
                        if (!farewells) {
                            channel.pipeline().addFirst(new AutoFarewells());
                        }
                        channel.pipeline().addFirst(manager.newHandler()); // TLS is there already, and comes behind
                    }
                })
                .doOnBound(bound -> manage(bound.channel(), manager));
    }

    /**
     * A TCP server whose listener and connections belong to the manager. A protocol of your own reports its exchanges ({@link
     * dev.lastbyte.GracefulCloseHandler#exchangeStarted}), or is a {@link dev.lastbyte.farewell.Farewell}.
     *
     * @throws NullPointerException if an argument is null
     */
    public static TcpServer install(TcpServer server, GracefulCloseManager manager) {
        Objects.requireNonNull(server, "server");
        Objects.requireNonNull(manager, "manager");
        return server.doOnChannelInit(
                        (observer, channel, remote) -> channel.pipeline().addFirst(manager.newHandler()))
                .doOnBound(bound -> manage(bound.channel(), manager));
    }

    private static void manage(Channel listener, GracefulCloseManager manager) {
        if (listener instanceof ServerChannel) {
            manager.manage(listener);
        } else {
            LOG.warn("{} takes datagrams: its HTTP/3 connections are not drained", listener);
        }
    }

    /** Waits until the connection is active, as the manager does with farewells of its own. Confined to the channel's event loop. */
    private static final class AutoFarewells extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.pipeline().remove(this);
            Farewells.auto().install(ctx);
            ctx.fireChannelActive();
        }
    }
}
