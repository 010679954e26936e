package dev.lastbyte.demo.serve;

import dev.lastbyte.http.HttpFarewellConfig;
import dev.lastbyte.http.HttpFarewellHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.stream.ChunkedWriteHandler;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

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

    /**
     * Adds the protocol's handlers at the end of a new connection's pipeline.
     *
     * @param farewell how HTTP says farewell, or null if it does not
     */
    void addTo(ChannelPipeline pipeline, @Nullable HttpFarewellConfig farewell) {
        switch (this) {
            case HTTP -> {
                pipeline.addLast(new HttpServerCodec());
                if (farewell != null) {
                    pipeline.addLast(new HttpFarewellHandler(farewell));
                }
                pipeline.addLast(new ChunkedWriteHandler(), new HttpAnswers());
            }
            case ECHO -> pipeline.addLast(new EchoAnswers());
        }
    }
}
