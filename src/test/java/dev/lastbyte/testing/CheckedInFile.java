package dev.lastbyte.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file of the project that a test derives from its classes. The test fails where the two differ; with {@code -Drenew} it writes
 * the file. Immutable.
 */
public record CheckedInFile(Path path) {
    /** Compares, or writes. */
    public void assertSame(String derived) throws IOException {
        if (System.getProperty("renew") != null) {
            Files.createDirectories(path.getParent());
            Files.writeString(path, derived);
        }
        String checkedIn = Files.exists(path) ? Files.readString(path) : "";
        assertEquals(
                checkedIn,
                derived,
                path + " is not what the classes say. If the change is meant, run: mvn test -Drenew"
                        + " -Dtest='ApiListingTest,NativeImageMetadataTest', and commit the file with the change.");
    }
}
