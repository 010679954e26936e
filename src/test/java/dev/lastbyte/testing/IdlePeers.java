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
import java.util.concurrent.TimeUnit;

/**
 * Thousands of loopback peers that say nothing, in a process of their own because of the descriptors they take: they close when the
 * server does, or never. {@code main} takes PORT COUNT close|never, prints a line when all are connected and one when all have
 * ended, and lives until its standard input ends.
 */
public final class IdlePeers implements AutoCloseable {
    private final Process process;
    private final BufferedReader out;

    private IdlePeers(Process process) {
        this.process = process;
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Connects and returns when all are connected. */
    public static IdlePeers connect(int port, int count, boolean closing) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        IdlePeers.class.getName(),
                        Integer.toString(port),
                        Integer.toString(count),
                        closing ? "close" : "never")
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
        boolean closing = args[2].equals("close");
        Thread parent = new Thread(IdlePeers::endWithParent, "parent");
        parent.setDaemon(true);
        parent.start();
        Selector selector = Selector.open();
        InetSocketAddress server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open(server);
            channel.configureBlocking(false);
            if (closing) {
                channel.register(selector, SelectionKey.OP_READ);
            }
        }
        System.out.println("connected");
        System.out.flush();
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
