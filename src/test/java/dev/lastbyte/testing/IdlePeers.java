package dev.lastbyte.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Thousands of loopback peers in a process of their own because of the descriptors they take: they say nothing, and close when the
 * server does, or never, or they send a byte two hundred times a second and never close. {@code main} takes PORT COUNT and the
 * manners, prints a line when all are connected and one when all have
 * ended, and lives until its standard input ends.
 */
public final class IdlePeers implements AutoCloseable {
    /** What the peers do. Immutable. */
    public enum Manners {
        CLOSING,
        STUBBORN,
        DRIPPING
    }

    private static final long DRIP_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final Process process;
    private final BufferedReader out;

    private IdlePeers(Process process) {
        this.process = process;
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Connects and returns when all are connected. */
    public static IdlePeers connect(int port, int count, Manners manners) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        IdlePeers.class.getName(),
                        Integer.toString(port),
                        Integer.toString(count),
                        manners.name())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        IdlePeers peers = new IdlePeers(process);
        peers.await("connected");
        return peers;
    }

    /** Waits until each has seen the end of its connection. */
    public void awaitEnded() throws IOException {
        await("ended");
    }

    private void await(String what) throws IOException {
        String line = out.readLine();
        if (!what.equals(line)) {
            close();
            throw new IOException("the peers are not " + what + ": " + line);
        }
    }

    /** Whether their process runs. */
    public boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }

    /** The peers' process. */
    public static void main(String[] args) throws IOException {
        int port = Integer.parseInt(args[0]);
        int count = Integer.parseInt(args[1]);
        Manners manners = Manners.valueOf(args[2]);
        List<SocketChannel> channels = new ArrayList<>();
        Thread parent = new Thread(IdlePeers::endWithParent, "parent");
        parent.setDaemon(true);
        parent.start();
        Selector selector = Selector.open();
        InetSocketAddress server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open(server);
            channel.configureBlocking(false);
            channels.add(channel);
            if (manners == Manners.CLOSING) {
                channel.register(selector, SelectionKey.OP_READ);
            }
        }
        System.out.println("connected");
        System.out.flush();
        if (manners == Manners.DRIPPING) {
            drip(channels);
        }
        ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
        int[] open = {count};
        while (true) {
            selector.select(key -> {
                if (hasEnded(key, buffer) && --open[0] == 0) {
                    System.out.println("ended");
                    System.out.flush();
                }
            });
        }
    }

    private static void drip(List<SocketChannel> channels) {
        ByteBuffer drop = ByteBuffer.allocateDirect(1);
        while (!channels.isEmpty()) {
            long next = System.nanoTime() + DRIP_NANOS;
            channels.removeIf(channel -> !takes(channel, drop));
            LockSupport.parkNanos(next - System.nanoTime());
        }
    }

    private static boolean takes(SocketChannel channel, ByteBuffer drop) {
        try {
            channel.write(drop.clear());
            return true;
        } catch (IOException e) {
            return false; // the server has ended it
        }
    }

    private static boolean hasEnded(SelectionKey key, ByteBuffer buffer) {
        try {
            buffer.clear();
            if (((SocketChannel) key.channel()).read(buffer) >= 0) {
                return false;
            }
            key.channel().close();
        } catch (IOException e) {
            key.cancel();
        }
        return true;
    }

    private static void endWithParent() {
        try {
            while (System.in.read() >= 0) {
                // nothing is said
            }
        } catch (IOException e) {
            // the same as its end
        }
        Runtime.getRuntime().halt(0);
    }
}
