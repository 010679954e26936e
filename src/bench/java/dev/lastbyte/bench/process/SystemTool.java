package dev.lastbyte.bench.process;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** A program of the system that a bench can do without. Stateless. */
public final class SystemTool {
    private static final String NOT_IN_EVERY_PATH =
            File.pathSeparator + "/usr/sbin" + File.pathSeparator + "/sbin" + File.pathSeparator + "/usr/local/sbin";

    private SystemTool() {}

    /** Where it is; if it is missing, a line says so, and what is left out. */
    public static Optional<Path> find(String name, String debianPackage, String leftOut) {
        String path = System.getenv().getOrDefault("PATH", "") + NOT_IN_EVERY_PATH;
        Optional<Path> found = Stream.of(path.split(File.pathSeparator))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst();
        if (found.isEmpty()) {
            System.out.println(name + " is missing (Debian: apt-get install " + debianPackage + "): " + leftOut);
        }
        return found;
    }
}
