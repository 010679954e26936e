package dev.lastbyte.reactor;

import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellHandler;
import dev.lastbyte.websocket.WebSocketFarewellHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.Objects;
import reactor.netty.NettyPipeline;
import reactor.netty.http.server.HttpServer;
import reactor.netty.tcp.TcpServer;

/**
 * Makes servers on Reactor Netty close gracefully and drain without loss:
 *
 * <pre>{@code
 * GracefulCloseManager manager = GracefulCloseManager.create();
 * DisposableServer server = LastbyteReactorNetty.install(HttpServer.create().port(8080).handle(…), manager).bindNow();
 * …
 * manager.drain().join(); // before server.disposeNow(), which closes everything at once
 * }</pre>
 *
 * <p>Reactor Netty's servers are immutable, so both methods return another server than they got. Stateless and thread-safe.
 */
public final class LastbyteReactorNetty {
    private LastbyteReactorNetty() {}

    /**
     * An HTTP server whose listener and connections belong to the manager.
     *
     * @throws NullPointerException if an argument is null
     */
    public static HttpServer install(HttpServer server, GracefulCloseManager manager) {
        Objects.requireNonNull(server, "server");
        Objects.requireNonNull(manager, "manager");
        return server.doOnChannelInit((observer, channel, remote) -> first(channel, manager))
                .doOnBound(bound -> manager.manage(bound.channel()));
    }

    /**
     * A TCP server whose listener and connections belong to the manager. A protocol of your own reports its exchanges, or is a {@link
     * dev.lastbyte.farewell.Farewell}.
     *
     * @throws NullPointerException if an argument is null
     */
    public static TcpServer install(TcpServer server, GracefulCloseManager manager) {
        Objects.requireNonNull(server, "server");
        Objects.requireNonNull(manager, "manager");
        return server.doOnChannelInit((observer, channel, remote) -> first(channel, manager))
                .doOnBound(bound -> manager.manage(bound.channel()));
    }

    private static void first(Channel channel, GracefulCloseManager manager) {
        ChannelPipeline pipeline = channel.pipeline();
        pipeline.addFirst(manager.newHandler());
        if (pipeline.get(NettyPipeline.HttpCodec) instanceof HttpServerCodec) {
            pipeline.addAfter(NettyPipeline.HttpCodec, "lastbyte.http", new HttpFarewellHandler());
            pipeline.addAfter("lastbyte.http", "lastbyte.ws", new WebSocketFarewellHandler());
        }
    }
}
