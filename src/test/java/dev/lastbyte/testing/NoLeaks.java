package dev.lastbyte.testing;

import ch.qos.logback.classic.Level;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test that leaves sockets open, and a class in which a buffer was collected without being released. */
public final class NoLeaks implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private final LogRecorder leaks = new LogRecorder("io.netty.util.ResourceLeakDetector", Level.ERROR);
    private int before;

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        SocketChannel.open().close(); // the JDK keeps one pair of sockets for itself from the first close on
        leaks.start();
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        before = sockets();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        if (Files.isDirectory(DESCRIPTORS)) {
            Eventually.await("sockets closed", Duration.ofSeconds(10), () -> sockets() <= before);
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        System.gc();
        for (int i = 0; i < 64; i++) {
            ByteBufAllocator.DEFAULT.buffer(1).release(); // the detector reports when it next tracks something
        }
        List<String> found = leaks.stop();
        if (!found.isEmpty()) {
            throw new AssertionError("leaked buffers:\n" + String.join("\n", found));
        }
    }

    private static int sockets() {
        if (!Files.isDirectory(DESCRIPTORS)) {
            return 0;
        }
        int count = 0;
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path entry : entries) {
                count += isSocket(entry) ? 1 : 0;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return count;
    }

    private static boolean isSocket(Path descriptor) throws IOException {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (NoSuchFileException e) {
            return false;
        }
    }
}
