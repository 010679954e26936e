package dev.lastbyte.internal;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;

/** The version of the running kernel. It decides about what Linux got later than the oldest version that Netty runs on. Stateless. */
public final class LinuxVersion {
    private static final Logger LOG = Loggers.of(LinuxVersion.class);
    private static final Pattern FORM = Pattern.compile("(\\d{1,6})\\.(\\d{1,6}).*");

    private LinuxVersion() {}

    /**
     * Whether the running kernel has this version or a newer one. If not, one DEBUG line says what stays unknown. To be called once,
     * when the class that needs the answer is loaded.
     */
    public static boolean isAtLeast(int major, int minor, String otherwiseUnknown) {
        String running = System.getProperty("os.version", "");
        boolean newEnough = isAtLeast(running, major, minor);
        if (!newEnough) {
            LOG.debug("kernel {} is older than {}.{}: {} stays unknown", running, major, minor, otherwiseUnknown);
        }
        return newEnough;
    }

    /** Whether a version as the system prints it is this one or newer; false if it cannot be read. */
    public static boolean isAtLeast(String version, int major, int minor) {
        Matcher matcher = FORM.matcher(version);
        if (!matcher.matches()) {
            return false;
        }
        int first = Integer.parseInt(matcher.group(1));
        return first > major || (first == major && Integer.parseInt(matcher.group(2)) >= minor);
    }
}
