package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.NoWarnings;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Where the corking handler stands in a pipeline, and what the documents say of it. */
@ExtendWith(NoWarnings.class)
class CorkHandlerTest {

    @Test
    void corkOnAChannelWithoutSegments_isNotAdded() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel();
        SegmentPolicy.CORK.applyTo(channel);
        assertNull(channel.pipeline().get(CorkHandler.class));
    }

    @Test
    void add_standsBehindTheGracefulCloseHandler_orFirst() {
        EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel(new ChannelInboundHandlerAdapter());
        SegmentPolicy.add(channel.pipeline(), new CorkHandler());
        assertEquals(0, placeOfCork(channel));
        channel.pipeline().remove(CorkHandler.class);
        channel.pipeline().addFirst(new GracefulCloseHandler());
        SegmentPolicy.add(channel.pipeline(), new CorkHandler());
        assertEquals(1, placeOfCork(channel));
        channel.pipeline().close();
    }

    @Test
    void holdLimit_isTheSameInCodeJavadocAndDocs() throws IOException {
        String limit = CorkHandler.HOLD_LIMIT.toMillis() + " ms";
        assertTrue(Files.readString(Path.of("docs/configuration.md"))
                .contains("| hold limit of `CORK` | " + limit + " |"));
        assertTrue(Files.readString(Path.of("docs/segments.md")).contains("and " + limit + "."));
        assertTrue(Files.readString(Path.of("src/main/java/dev/lastbyte/tcp/SegmentPolicy.java"))
                .contains("wait for the rest of their message for " + limit + " at most"));
    }

    private static int placeOfCork(Channel channel) {
        String name = channel.pipeline().context(CorkHandler.class).name();
        return channel.pipeline().names().indexOf(name);
    }
}
