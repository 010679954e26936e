package dev.lastbyte.demo.serve;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.stream.ChunkedWriteHandler;
import java.util.Locale;

/** What {@code serve} speaks. Immutable. */
enum Protocol {
    /** See {@link HttpAnswers}. */
    HTTP,
    /** See {@link EchoAnswers}. */
    ECHO;

    /** The name on the command line. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Adds the protocol's handlers at the end of a new connection's pipeline. */
    void addTo(ChannelPipeline pipeline) {
        switch (this) {
            case HTTP -> pipeline.addLast(new HttpServerCodec(), new ChunkedWriteHandler(), new HttpAnswers());
            case ECHO -> pipeline.addLast(new EchoAnswers());
        }
    }
}
