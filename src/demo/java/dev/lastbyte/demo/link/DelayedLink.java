package dev.lastbyte.demo.link;

import dev.lastbyte.demo.Durations;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Two network namespaces joined by a wire with a round-trip time: {@code tc netem} on a veth pair where the kernel has it,
 * else a {@link DelayBox} over two tun devices. Addresses exist inside the namespaces only, so nothing of the host's network
 * is touched. Needs root. Closing it removes everything, also when it was only half made. Thread-safe.
 */
public final class DelayedLink implements AutoCloseable {
    /** The server's address. 198.18.0.0/15 is set aside for measurements of this kind (RFC 2544). */
    public static final String SERVER_HOST = "198.18.0.1";

    /** The server's address in IPv6, where the system has that: a unique local one (RFC 4193). */
    public static final String SERVER_HOST_6 = "fd6c:6173:7462::1";

    private static final String PEERS_HOST = "198.18.0.2";
    private static final String PEERS_HOST_6 = "fd6c:6173:7462::2";
    private static final String MTU = "1500";

    private final Deque<Runnable> undo = new ArrayDeque<>();
    private final String server;
    private final String peers;
    private final Duration roundTrip;
    private String kind = "";

    private DelayedLink(long pid, Duration roundTrip) {
        server = "lastbyte-" + pid + "-server";
        peers = "lastbyte-" + pid + "-peers";
        this.roundTrip = roundTrip;
    }

    /**
     * Makes the link.
     *
     * @throws LinkException if it cannot be had; nothing is left behind then
     */
    public static DelayedLink open(Duration roundTrip) throws LinkException {
        long pid = ProcessHandle.current().pid();
        DelayedLink link = new DelayedLink(pid, roundTrip);
        try {
            link.make(pid);
            return link;
        } catch (LinkException | RuntimeException e) {
            link.close();
            throw e;
        }
    }

    /** What the wire is, for people. */
    public String describe() {
        return "two network namespaces, round trip " + Durations.format(roundTrip) + " by " + kind + ", MTU " + MTU;
    }

    /** The words to put before a command that shall run at the server's end. */
    public List<String> atServer() {
        return List.of("ip", "netns", "exec", server);
    }

    /** The words to put before a command that shall run at the peers' end. */
    public List<String> atPeers() {
        return List.of("ip", "netns", "exec", peers);
    }

    private synchronized void make(long pid) throws LinkException {
        addNamespace(server);
        addNamespace(peers);
        String serverDevice = "lbs" + pid;
        String peersDevice = "lbp" + pid;
        kind = joinByNetem(serverDevice, peersDevice) ? "tc netem" : joinByTun(serverDevice, peersDevice);
        configure(server, serverDevice, SERVER_HOST, SERVER_HOST_6);
        configure(peers, peersDevice, PEERS_HOST, PEERS_HOST_6);
    }

    private void addNamespace(String name) throws LinkException {
        Ip.run("ip", "netns", "add", name);
        undo.push(() -> Ip.attempt("ip", "netns", "del", name));
        Ip.run("ip", "-n", name, "link", "set", "lo", "up");
        // what the measurements in the documentation used; without the module the default stays
        Ip.attempt("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.tcp_congestion_control=cubic");
    }

    private boolean joinByNetem(String serverDevice, String peersDevice) throws LinkException {
        if (!Ip.attempt(
                "ip",
                "link",
                "add",
                serverDevice,
                "netns",
                server,
                "type",
                "veth",
                "peer",
                "name",
                peersDevice,
                "netns",
                peers)) {
            return false;
        }
        String oneWay = roundTrip.toNanos() / 2000 + "us";
        if (netem(server, serverDevice, oneWay) && netem(peers, peersDevice, oneWay)) {
            return true;
        }
        Ip.run("ip", "-n", server, "link", "del", serverDevice);
        return false;
    }

    private static boolean netem(String namespace, String device, String oneWay) {
        return Ip.attempt(
                "tc", "-n", namespace, "qdisc", "add", "dev", device, "root", "netem", "delay", oneWay, "limit",
                "20000");
    }

    private String joinByTun(String serverDevice, String peersDevice) throws LinkException {
        Tun left = Tun.open(serverDevice);
        Tun right;
        try {
            right = Tun.open(peersDevice);
        } catch (LinkException e) {
            left.close();
            throw e;
        }
        DelayBox box = new DelayBox(left, right, roundTrip.dividedBy(2));
        undo.push(box::close);
        Ip.run("ip", "link", "set", serverDevice, "netns", server);
        Ip.run("ip", "link", "set", peersDevice, "netns", peers);
        return "a delay box over tun devices";
    }

    private static void configure(String namespace, String device, String address, String address6)
            throws LinkException {
        Ip.run("ip", "-n", namespace, "addr", "add", address + "/30", "dev", device);
        // the default of 500 packets is less than one window at this delay
        Ip.run("ip", "-n", namespace, "link", "set", device, "mtu", MTU, "txqueuelen", "10000", "up");
        Ip.attempt("ip", "-n", namespace, "addr", "add", address6 + "/64", "dev", device, "nodad");
    }

    @Override
    public synchronized void close() {
        for (@Nullable Runnable step = undo.poll(); step != null; step = undo.poll()) {
            step.run();
        }
    }
}
