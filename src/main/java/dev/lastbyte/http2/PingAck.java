package dev.lastbyte.http2;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;

/**
 * Takes the acknowledgement of our PING out of what the connection's own listener gets, whichever API the application uses. Confined
 * to the channel's event loop.
 */
final class PingAck extends Http2FrameListenerDecorator {
    /** The bytes of "lastbyte". */
    static final long PAYLOAD = 0x6c61737462797465L;

    private final Runnable onAck;
    private boolean sent;

    PingAck(Http2FrameListener listener, Runnable onAck) {
        super(listener);
        this.onAck = onAck;
    }

    /** From now on acknowledgements with our payload are ours. */
    void sent() {
        sent = true;
    }

    Http2FrameListener decorated() {
        return listener;
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
        if (sent && data == PAYLOAD) {
            onAck.run();
        } else {
            super.onPingAckRead(ctx, data);
        }
    }
}
