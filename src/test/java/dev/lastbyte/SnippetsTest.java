package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.ChannelInitializer;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The code that README and docs show, compiled and run. */
class SnippetsTest {
    @Test
    void readme_handlerFirst_reportsTheClose() throws IOException {
        List<String> log = new ArrayList<>();
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .closeListener((channel, report) -> log.add(channel + " " + report))
                .build();
        EmbeddedChannel channel = new EmbeddedChannel(new ChannelInitializer<>() {
            @Override
            protected void initChannel(io.netty.channel.Channel ch) {
                ch.pipeline().addFirst(new GracefulCloseHandler(config));
                ch.pipeline().addLast(new HttpServerCodec());
            }
        });
        channel.pipeline().close();
        channel.runPendingTasks();
        assertEquals(1, log.size());
        String readme = Files.readString(Path.of("README.md"));
        assertTrue(readme.contains("ch.pipeline().addFirst(new GracefulCloseHandler(config));"));
        assertTrue(readme.contains("GracefulCloseConfig config = GracefulCloseConfig.builder()"));
    }

    @Test
    void configuration_builderOfTheDocs_builds() throws IOException {
        GracefulCloseConfig config = GracefulCloseConfig.builder()
                .closeTimeout(Duration.ofSeconds(20))
                .closeListener((channel, report) -> {})
                .build();
        assertEquals(Duration.ofSeconds(20), config.closeTimeout());
        assertTrue(
                Files.readString(Path.of("docs/configuration.md")).contains(".closeTimeout(Duration.ofSeconds(20))"));
    }
}
