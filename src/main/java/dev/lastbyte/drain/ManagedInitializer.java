package dev.lastbyte.drain;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;

/** Puts a managed handler in front of what a server's own child handler adds. Thread-safe. */
@ChannelHandler.Sharable
final class ManagedInitializer extends ChannelInitializer<Channel> {
    private final GracefulCloseManager manager;
    private final ChannelHandler initializer;

    ManagedInitializer(GracefulCloseManager manager, ChannelHandler initializer) {
        this.manager = manager;
        this.initializer = initializer;
    }

    @Override
    protected void initChannel(Channel channel) {
        channel.pipeline().addFirst(manager.newHandler()).addLast(initializer);
    }
}
