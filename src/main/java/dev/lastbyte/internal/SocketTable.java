package dev.lastbyte.internal;

import io.netty.channel.Channel;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringTokenizer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The kernel's table of TCP sockets, {@code /proc/net/tcp} and {@code tcp6} (proc(5)). No other file knows its format. Reading
 * blocks, for tens of milliseconds where there are 20,000 sockets, and must not be done on an event loop. The table is read line by
 * line. Only the handshakes of one listener are kept, which its backlog bounds, or the connections that were asked for.
 *
 * <p>A handshake stands in the table of its listener: an IPv4 client of an IPv6 socket stands in {@code tcp6}, with an IPv4-mapped
 * address. Immutable.
 */
public final class SocketTable {
    private static final Logger LOG = Loggers.of(SocketTable.class);

    /** The running system's. */
    public static final SocketTable SYSTEM =
            new SocketTable(List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6")));

    private static final String LISTEN = "0A";
    private static final String SYN_RECV = "03";
    private static final int LINES_BETWEEN_CHECKS = 256;

    private final List<Path> files;

    SocketTable(List<Path> files) {
        this.files = files;
    }

    /**
     * Finds the handshakes that are under way at a listener.
     *
     * @param tooLate asked now and then; once it returns true, reading stops
     * @return null if the table cannot be read in time, or does not show the listener, which may be in another namespace
     */
    @Nullable
    public Handshakes handshakes(InetSocketAddress listener, BooleanSupplier tooLate) {
        Search search = new Search(listener);
        try {
            for (Path file : files) {
                if (Files.isReadable(file) && !search.read(file, tooLate)) {
                    return null;
                }
            }
        } catch (IOException e) {
            LOG.debug("{} cannot be read", files, e);
            return null;
        }
        return search.result();
    }

    /**
     * Connections of a listener whose handshake was under way when the table was read: our SYN-ACK has been sent, and the client's ACK
     * has not arrived, or the listener has no room for it. Immutable.
     *
     * @param fresh those whose SYN-ACK was sent once; within a second each is completed, or its SYN-ACK is repeated
     * @param repeated those whose SYN-ACK was sent again, or that TCP_DEFER_ACCEPT keeps: mostly clients that are gone
     * @param shared whether another listener has the same port, so that some of them may belong to that one
     */
    public record Handshakes(Set<String> fresh, Set<String> repeated, boolean shared) {
        /** Those that were under way before already. Once SYNs are held off, all others belong to another listener. */
        public Handshakes among(Handshakes before) {
            Set<String> known = new HashSet<>(before.fresh);
            known.addAll(before.repeated);
            return new Handshakes(common(fresh, known), common(repeated, known), shared || before.shared);
        }

        public int count() {
            return fresh.size() + repeated.size();
        }

        private static Set<String> common(Set<String> some, Set<String> known) {
            Set<String> both = new HashSet<>(some);
            both.retainAll(known);
            return both;
        }
    }

    /** Whether there is a table to read. */
    public boolean isReadable() {
        return files.stream().anyMatch(Files::isReadable);
    }

    /** A connection by its two addresses. Immutable. */
    public record Ends(InetSocketAddress local, InetSocketAddress remote) {
        /** The addresses of a TCP connection that the table may show, or null. */
        public static @Nullable Ends of(Channel channel) {
            TransportKind kind = TransportKind.of(channel);
            return (kind == TransportKind.NIO || kind.hasTcpOptions())
                            && channel.isOpen()
                            && channel.localAddress() instanceof InetSocketAddress local
                            && channel.remoteAddress() instanceof InetSocketAddress remote
                    ? new Ends(local, remote)
                    : null;
        }
    }

    /**
     * What the table says about a connection. Immutable.
     *
     * @param state TCP state as in the kernel's tcp_states.h
     * @param unacknowledged payload bytes, sent or not, that the peer's TCP has not acknowledged
     */
    public record Row(int state, long unacknowledged) {}

    /** Finds connections. Those that are in no table that can be read are left out. */
    public Map<Ends, Row> connections(Set<Ends> wanted) {
        Set<String> ports = new HashSet<>();
        wanted.forEach(ends -> ports.add(portSuffix(ends.local)));
        Map<Ends, Row> found = new HashMap<>();
        forEachLine(line -> takeConnection(new StringTokenizer(line, " :"), ports, wanted, found));
        return found;
    }

    /** Leaves out what cannot be read. */
    private void forEachLine(Consumer<String> taker) {
        for (Path file : files) {
            if (!Files.isReadable(file)) {
                continue;
            }
            try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    taker.accept(line);
                }
            } catch (IOException e) {
                LOG.debug("{} cannot be read", file, e);
            }
        }
    }

    /** Columns, split at colons too: number, local address and port, remote address and port, state, bytes to acknowledge. */
    private static void takeConnection(
            StringTokenizer columns, Set<String> ports, Set<Ends> wanted, Map<Ends, Row> found) {
        if (columns.countTokens() < 7) {
            return;
        }
        columns.nextToken();
        String localHost = columns.nextToken();
        String localPort = columns.nextToken();
        if (!ports.contains(':' + localPort)) {
            return;
        }
        InetAddress local = parse(localHost);
        InetAddress remote = parse(columns.nextToken());
        String remotePort = columns.nextToken();
        if (local == null || remote == null) {
            return;
        }
        Ends ends = new Ends(
                new InetSocketAddress(local, Integer.parseInt(localPort, 16)),
                new InetSocketAddress(remote, Integer.parseInt(remotePort, 16)));
        if (wanted.contains(ends)) {
            int state = Integer.parseInt(columns.nextToken(), 16);
            long queued = Long.parseLong(columns.nextToken(), 16);
            long fin = queued > 0 && TcpInfo.isFinUnacknowledged(state) ? 1 : 0;
            found.put(ends, new Row(state, queued - fin));
        }
    }

    /**
     * The peers of a listener's connections that a process holds open: those that have been accepted. Connections to another listener
     * with the same port count too where the addresses do not tell them apart.
     */
    public Set<InetSocketAddress> accepted(InetSocketAddress listener) {
        Set<InetSocketAddress> peers = new HashSet<>();
        String suffix = portSuffix(listener);
        forEachLine(line -> {
            if (line.contains(suffix)) {
                takeAccepted(line.trim().split("\\s+"), listener.getAddress(), suffix, peers);
            }
        });
        return peers;
    }

    /** Columns: number, local, remote, state, queues, timer, repeats, user, timeout, inode; what nobody holds has inode 0. */
    private static void takeAccepted(
            String[] columns, InetAddress listener, String suffix, Set<InetSocketAddress> peers) {
        if (columns.length < 10
                || !columns[1].endsWith(suffix)
                || columns[3].equals(LISTEN)
                || columns[9].equals("0")) {
            return;
        }
        InetAddress local = parse(columns[1].substring(0, columns[1].length() - suffix.length()));
        int colon = columns[2].length() - suffix.length();
        InetAddress remote = parse(columns[2].substring(0, colon));
        if (remote != null && (listener.isAnyLocalAddress() || listener.equals(local))) {
            peers.add(new InetSocketAddress(remote, Integer.parseInt(columns[2].substring(colon + 1), 16)));
        }
    }

    private static String portSuffix(InetSocketAddress address) {
        return String.format(":%04X", address.getPort());
    }

    /** One search for the handshakes of one listener. Confined to the thread that reads. */
    private static final class Search {
        private final InetAddress address;
        private final String portSuffix;
        private final Set<String> fresh = new HashSet<>();
        private final Set<String> repeated = new HashSet<>();
        private final Set<String> freshHere = new HashSet<>();
        private final Set<String> repeatedHere = new HashSet<>();
        private boolean listensHere;
        private boolean found;
        private int listeners;

        Search(InetSocketAddress listener) {
            address = listener.getAddress();
            portSuffix = portSuffix(listener);
        }

        boolean read(Path file, BooleanSupplier tooLate) throws IOException {
            listensHere = false;
            freshHere.clear();
            repeatedHere.clear();
            try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
                int count = 0;
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (count++ % LINES_BETWEEN_CHECKS == 0 && tooLate.getAsBoolean()) {
                        return false;
                    }
                    if (line.contains(portSuffix)) {
                        take(new StringTokenizer(line));
                    }
                }
            }
            if (listensHere) {
                found = true;
                fresh.addAll(freshHere);
                repeated.addAll(repeatedHere);
            }
            return true;
        }

        /** Columns: number, local, remote, state, queues, timer, repeats; the rest is not needed. */
        private void take(StringTokenizer columns) {
            if (columns.countTokens() < 7) {
                return;
            }
            columns.nextToken();
            String local = columns.nextToken();
            String remote = columns.nextToken();
            String state = columns.nextToken();
            if (!local.endsWith(portSuffix)) {
                return;
            }
            if (state.equals(LISTEN)) {
                listeners++;
                listensHere |= isListener(local);
            } else if (state.equals(SYN_RECV) && (address.isAnyLocalAddress() || isListener(local))) {
                columns.nextToken();
                columns.nextToken();
                boolean first = columns.nextToken().chars().allMatch(digit -> digit == '0');
                (first ? freshHere : repeatedHere).add(local + ' ' + remote);
            }
        }

        private boolean isListener(String local) {
            InetAddress other = parse(local.substring(0, local.length() - portSuffix.length()));
            return other != null
                    && (other.equals(address) || (other.isAnyLocalAddress() && address.isAnyLocalAddress()));
        }

        @Nullable
        Handshakes result() {
            return found ? new Handshakes(fresh, repeated, listeners > 1) : null;
        }
    }

    /** Reads words of 32 bits that the kernel printed in its own byte order; null if they are not an address. */
    private static @Nullable InetAddress parse(String hex) {
        if (hex.length() != 8 && hex.length() != 32) {
            return null;
        }
        try {
            byte[] bytes = HexFormat.of().parseHex(hex);
            IntBuffer network =
                    ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asIntBuffer();
            IntBuffer printed = ByteBuffer.wrap(bytes.clone()).asIntBuffer();
            network.put(printed);
            return InetAddress.getByAddress(bytes);
        } catch (IllegalArgumentException | UnknownHostException e) {
            return null;
        }
    }
}
