package dev.lastbyte.auto;

import dev.lastbyte.internal.Loggers;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.util.AttributeKey;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;

/** What the log says of the protocols of one listener: each of them once, and once that one was not found. Thread-safe. */
final class ListenerNews {
    private static final Logger LOG = Loggers.of(Farewells.class);
    private static final AttributeKey<ListenerNews> KEY = AttributeKey.valueOf("dev.lastbyte.FAREWELLS_FOUND");

    private final ServerChannel listener;
    private final Set<String> found = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean warned = new AtomicBoolean();

    private ListenerNews(ServerChannel listener) {
        this.listener = listener;
    }

    static ListenerNews of(ServerChannel listener) {
        ListenerNews known = listener.attr(KEY).get();
        if (known != null) {
            return known;
        }
        ListenerNews created = new ListenerNews(listener);
        ListenerNews earlier = listener.attr(KEY).setIfAbsent(created);
        return earlier == null ? created : earlier;
    }

    void found(String protocol, boolean tls) {
        String what = tls ? protocol + " over TLS" : protocol;
        if (found.add(what)) {
            LOG.info("{} on {}: farewell installed", what, address());
        }
    }

    void unknown(Channel connection) {
        if (warned.compareAndSet(false, true)) {
            List<String> handlers = new ArrayList<>();
            connection.pipeline().forEach(entry -> {
                if (!(entry.getValue() instanceof CodecSearch.Watch)) {
                    handlers.add(entry.getValue().getClass().getSimpleName());
                }
            });
            LOG.warn(
                    "{}: {} speaks a protocol for which no farewell was found; its handlers are {}. A drain closes such connections"
                            + " without a farewell, and cannot tell which requests are open. Add one right behind the codec:"
                            + " HttpFarewellHandler, Http2FarewellHandler or WebSocketFarewellHandler if it is a codec that"
                            + " Farewells does not know, new FarewellHandler(yours) for a protocol of your own",
                    address(),
                    connection,
                    handlers);
        }
    }

    private String address() {
        return listener.localAddress() instanceof InetSocketAddress inet && inet.getAddress() != null
                ? (inet.getAddress().getHostAddress().contains(":")
                                ? "[" + inet.getAddress().getHostAddress() + "]"
                                : inet.getAddress().getHostAddress())
                        + ":" + inet.getPort()
                : String.valueOf(listener.localAddress());
    }
}
