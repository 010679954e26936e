package dev.lastbyte.testing;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that connect, send a byte, await a byte and end, again and again, until they are stopped. What became of each
 * connection is counted; a client that was connected and got no answer is lost. Thread-safe.
 */
public final class ConnectStorm implements AutoCloseable {
    private final List<Thread> threads = new ArrayList<>();
    private final Set<SocketChannel> channels = ConcurrentHashMap.newKeySet();
    private final ConcurrentLinkedQueue<String> lost = new ConcurrentLinkedQueue<>();
    private final AtomicLong served = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong longestConnectNanos = new AtomicLong();
    private final SocketAddress address;
    private final boolean endsWhenRefused;
    private volatile boolean stopped;

    private ConnectStorm(SocketAddress address, int clients, Duration spread, boolean endsWhenRefused) {
        this.address = address;
        this.endsWhenRefused = endsWhenRefused;
        for (int i = 0; i < clients; i++) {
            long startsAfter = spread.toNanos() * i / clients;
            Thread thread = new Thread(() -> run(startsAfter), "storm-" + i);
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
    }

    /** Clients that end for good with the first connect that is refused. */
    public static ConnectStorm untilRefused(SocketAddress address, int clients) {
        return new ConnectStorm(address, clients, Duration.ZERO, true);
    }

    /**
     * The same, but the clients start one after the other within {@code spread}. Over a link with a delay they would go in
     * step otherwise, and all of them be in the same part of a handshake when the listener closes.
     */
    public static ConnectStorm untilRefused(SocketAddress address, int clients, Duration spread) {
        return new ConnectStorm(address, clients, spread, true);
    }

    /** Clients that go on, refused or not, until they are told to stop. */
    public static ConnectStorm untilStopped(SocketAddress address, int clients) {
        return new ConnectStorm(address, clients, Duration.ZERO, false);
    }

    /** Waits until so many connections have been served, in total. */
    public ConnectStorm awaitServed(long count) {
        Eventually.await(count + " served", () -> served.get() >= count);
        return this;
    }

    /** Waits for the clients to end. */
    public ConnectStorm join() throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        for (Thread thread : threads) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
            if (thread.isAlive()) {
                throw new AssertionError(thread.getName() + " still waits: " + this);
            }
        }
        return this;
    }

    /** Lets each client finish what it does, and waits for that. */
    public ConnectStorm stop() throws InterruptedException {
        stopped = true;
        return join();
    }

    public long served() {
        return served.get();
    }

    public long refused() {
        return refused.get();
    }

    /** What happened to connections that were established and not answered. */
    public List<String> lost() {
        return List.copyOf(lost);
    }

    /** The longest that a connect took which succeeded. */
    public long longestConnectMillis() {
        return TimeUnit.NANOSECONDS.toMillis(longestConnectNanos.get());
    }

    private void run(long startsAfter) {
        LockSupport.parkNanos(startsAfter);
        while (!stopped && play()) {
            // the next one
        }
    }

    private boolean play() {
        long start = System.nanoTime();
        boolean connected = false;
        boolean unix = !(address instanceof java.net.InetSocketAddress);
        try (SocketChannel channel = unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open()) {
            channels.add(channel);
            try {
                if (!unix) {
                    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                }
                channel.connect(unix ? UnixDomainSocketAddress.of(address.toString()) : address);
                connected = true;
                long nanos = System.nanoTime() - start;
                longestConnectNanos.accumulateAndGet(nanos, Math::max);
                ByteBuffer one = ByteBuffer.allocate(1);
                channel.write(one);
                one.clear();
                if (channel.read(one) == 1) {
                    served.incrementAndGet();
                } else {
                    lost.add("EOF");
                }
            } finally {
                channels.remove(channel);
            }
        } catch (ConnectException e) {
            refused.incrementAndGet();
            return !endsWhenRefused;
        } catch (IOException e) {
            if (connected) {
                lost.add(String.valueOf(e.getMessage()));
            } else {
                refused.incrementAndGet();
                return !endsWhenRefused;
            }
        }
        return true;
    }

    @Override
    public void close() {
        stopped = true;
        for (SocketChannel channel : channels) {
            try {
                channel.close();
            } catch (IOException e) {
                // it is gone either way
            }
        }
    }

    @Override
    public String toString() {
        return "served " + served + ", refused " + refused + ", lost " + lost.size() + ", longest connect "
                + longestConnectMillis() + " ms";
    }
}
