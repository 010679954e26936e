package dev.lastbyte.internal;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.util.Version;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;

/**
 * What is known to be broken in the Netty that runs, as far as it touches half-closed connections; each is said once, with the
 * version and the fix. Thread-safe.
 */
public final class NettyGuard {
    private static final Logger LOG = Loggers.of(NettyGuard.class);
    private static final Pattern VERSION = Pattern.compile("4\\.2\\.(\\d+)\\..*");

    /** Whether the epoll transport that a channel class belongs to spins. */
    private static final ClassValue<Boolean> EPOLL = new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
            return isSpinning(epollVersion(type));
        }
    };

    private static final AtomicBoolean SPIN_TOLD = new AtomicBoolean();
    private static final AtomicBoolean UNIX_TOLD = new AtomicBoolean();

    private static final Map<Object, Boolean> SHUT_DOWN = Collections.synchronizedMap(new WeakHashMap<>());

    private NettyGuard() {}

    /**
     * Whether the channel's event loop spins at full speed from the end of a half-closed connection until it is closed: epoll
     * of 4.2.0 to 4.2.12, CVE-2026-42577.
     */
    public static boolean spinsWhenHalfClosed(Channel channel) {
        TransportKind kind = TransportKind.of(channel);
        return (kind == TransportKind.EPOLL || kind == TransportKind.EPOLL_UNIX) && EPOLL.get(channel.getClass());
    }

    /** Says what is wrong with half-closed connections on this channel's transport, if anything is. */
    public static void warnOnce(Channel channel) {
        if (spinsWhenHalfClosed(channel) && SPIN_TOLD.compareAndSet(false, true)) {
            LOG.warn(
                    "{} the epoll transport of Netty {} takes a whole core while a half-closed connection that has ended is open"
                            + " (CVE-2026-42577); such connections are closed within a second here. Use Netty 4.2.13 or newer",
                    channel,
                    epollVersion(channel.getClass()));
        }
        TransportKind kind = TransportKind.of(channel);
        if (kind.ignoresHalfClosure() && UNIX_TOLD.compareAndSet(false, true)) {
            LOG.warn(
                    "{} Unix domain sockets of this transport ({}, Netty {}) ignore ALLOW_HALF_CLOSURE: a peer that ends its side"
                            + " first loses pending output. Use the epoll transport's Unix domain sockets",
                    channel,
                    TransportKind.label(channel),
                    nettyVersion());
        }
    }

    /** Says, once per event loop group, that its shutdown has cut connections that were closing. */
    public static void warnLoopShutdown(Channel channel) {
        if (SHUT_DOWN.putIfAbsent(groupOf(channel), true) == null) {
            LOG.warn(
                    "{} was closing, as others may have been, when its event loop was shut down: Netty then closes at once and"
                            + " cancels all timers. Drain first: GracefulCloseManager.drainAndShutdown(groups)",
                    channel);
        }
    }

    private static Object groupOf(Channel channel) {
        EventLoopGroup group = channel.eventLoop().parent();
        return group == null ? channel.eventLoop() : group;
    }

    static boolean isSpinning(String version) {
        Matcher matcher = VERSION.matcher(version);
        return matcher.matches() && Integer.parseInt(matcher.group(1)) <= 12;
    }

    private static String epollVersion(Class<?> channelClass) {
        Class<?> netty = channelClass; // or a class that a user derived from Netty's
        while (!netty.getName().startsWith("io.netty.") && netty.getSuperclass() != null) {
            netty = netty.getSuperclass();
        }
        return versionOf(netty, "netty-transport-classes-epoll");
    }

    private static String nettyVersion() {
        return versionOf(Channel.class, "netty-transport");
    }

    /** What the jar's manifest says; where there is none (shaded), what Netty itself finds, which takes tens of milliseconds. */
    private static String versionOf(Class<?> type, String artifact) {
        Package jar = type.getPackage();
        String title = jar == null ? null : jar.getImplementationTitle();
        String manifest = jar == null ? null : jar.getImplementationVersion();
        if (manifest != null && title != null && title.startsWith("Netty/")) { // not an application's own, in a fat jar
            return manifest;
        }
        Map<String, Version> versions = Version.identify(NettyGuard.class.getClassLoader());
        Version version = versions.get(artifact);
        return version == null ? "unknown" : version.artifactVersion();
    }
}
