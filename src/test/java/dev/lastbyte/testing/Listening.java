package dev.lastbyte.testing;

import dev.lastbyte.ConnectionEvents;
import dev.lastbyte.GracefulCloseHandler;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;

/** A handler that hears what happens to its connection. Confined to the channel's event loop. */
public class Listening extends ChannelDuplexHandler implements ConnectionEvents {
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        GracefulCloseHandler.listen(ctx, this);
    }
}
