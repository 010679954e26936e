package dev.lastbyte.bench;

import dev.lastbyte.GracefulCloseConfig;
import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.GracefulCloseManager;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import java.util.function.Consumer;

/** How a server's connections are closed. Immutable. */
enum CloseWay {
    /** Netty's own {@code close()}. */
    PLAIN("plain close()"),
    /** A {@link GracefulCloseHandler} with the defaults. */
    GRACEFUL("graceful"),
    /** A {@link GracefulCloseManager} with the defaults, as a server that drains has it. */
    MANAGED("managed");

    private final String label;

    CloseWay(String label) {
        this.label = label;
    }

    /** The name in tables. */
    String label() {
        return label;
    }

    /** A child handler that does what {@code initializer} does, and closes in this way. */
    ChannelHandler childHandler(Consumer<Channel> initializer) {
        GracefulCloseConfig config = GracefulCloseConfig.defaults();
        ChannelHandler child = new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                if (CloseWay.this == GRACEFUL) {
                    channel.pipeline().addFirst(new GracefulCloseHandler(config));
                }
                initializer.accept(channel);
            }
        };
        return this == MANAGED ? GracefulCloseManager.create().childHandler(child) : child;
    }
}
