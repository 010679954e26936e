package dev.lastbyte.demo;

import io.netty.util.Version;
import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** The versions that {@code --version} prints: Netty's and Java's, which decide what the demo can show. Stateless. */
public final class DemoVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {
            "Lastbyte demo on Netty " + netty().orElse("(unknown)") + ", Java " + System.getProperty("java.version")
        };
    }

    /** The version of the Netty on the class path. */
    public static Optional<String> netty() {
        return Version.identify().values().stream()
                .map(Version::artifactVersion)
                .findFirst();
    }
}
