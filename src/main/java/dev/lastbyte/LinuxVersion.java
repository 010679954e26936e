package dev.lastbyte;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The running kernel's version: what was added to Linux later than the oldest that Netty runs on is told by it. Stateless. */
final class LinuxVersion {
    private static final Pattern FORM = Pattern.compile("(\\d{1,6})\\.(\\d{1,6}).*");

    private LinuxVersion() {}

    /**
     * Whether the running kernel is this version or a newer one. Where it is not, one DEBUG line says what stays unknown;
     * to be asked once, when the class that needs it is loaded.
     */
    static boolean isAtLeast(int major, int minor, String otherwiseUnknown) {
        String running = System.getProperty("os.version", "");
        boolean newEnough = isAtLeast(running, major, minor);
        if (!newEnough) {
            CloseLog.LOG.debug(
                    "kernel {} is older than {}.{}: {} stays unknown", running, major, minor, otherwiseUnknown);
        }
        return newEnough;
    }

    static boolean isAtLeast(String version, int major, int minor) {
        Matcher matcher = FORM.matcher(version);
        if (!matcher.matches()) {
            return false;
        }
        int first = Integer.parseInt(matcher.group(1));
        return first > major || (first == major && Integer.parseInt(matcher.group(2)) >= minor);
    }
}
