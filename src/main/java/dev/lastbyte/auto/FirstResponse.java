package dev.lastbyte.auto;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.FileRegion;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

/**
 * How far the response has come to a request that went up before its farewell stood behind the codec, read from what the codec has written
 * since. Takes nothing of it. What is not HTTP counts as complete. Confined to the channel's event loop.
 */
final class FirstResponse {
    private static final int LINE = 8192;
    private static final int HEADERS = 1 << 20;
    private static final int CHUNK = 1 << 20;
    private static final ByteBuf ZEROS = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(new byte[CHUNK]));

    private final EmbeddedChannel decoder;
    private boolean interim;
    private boolean begun;
    private boolean complete;

    /**
     * A response of which nothing has been written.
     *
     * @param head whether it has no body because it answers HEAD
     */
    FirstResponse(boolean head) {
        decoder = new EmbeddedChannel(new HttpResponseDecoder(LINE, HEADERS, CHUNK) {
            @Override
            protected boolean isContentAlwaysEmpty(HttpMessage message) {
                return head || super.isContentAlwaysEmpty(message);
            }
        });
    }

    /** The codec has written this. */
    void see(Object written) {
        if (complete) {
            return;
        }
        if (written instanceof ByteBuf bytes) {
            decoder.writeInbound(Unpooled.copiedBuffer(bytes)); // a decoder may move the bytes of what it is given
        } else if (written instanceof FileRegion file) {
            for (long left = file.count(); left > 0; left -= CHUNK) {
                decoder.writeInbound(ZEROS.slice(0, (int) Math.min(CHUNK, left)));
            }
        }
        for (Object part = decoder.readInbound(); part != null; part = decoder.readInbound()) {
            if (part instanceof HttpResponse response) {
                interim = response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
                begun |= !interim;
            }
            complete |= part instanceof LastHttpContent && !interim;
            ReferenceCountUtil.release(part);
        }
    }

    /** Whether its head has been written. */
    boolean isBegun() {
        return begun;
    }

    boolean isComplete() {
        return complete;
    }

    void release() {
        decoder.finishAndReleaseAll();
    }
}
