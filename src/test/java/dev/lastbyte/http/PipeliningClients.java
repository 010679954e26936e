package dev.lastbyte.http;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;

/** Several pipelining clients of one server, each in its thread. Confined to one thread. */
final class PipeliningClients {
    private final List<PipeliningClient> clients = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    /** Starts them, in clear text. */
    PipeliningClients(
            InetSocketAddress server,
            int count,
            int maxPauseMicros,
            SplittableRandom random,
            PipeliningClient.Tally tally) {
        this(SocketFactory.getDefault(), server, count, maxPauseMicros, random, tally);
    }

    /** Starts them. */
    PipeliningClients(
            SocketFactory sockets,
            InetSocketAddress server,
            int count,
            int maxPauseMicros,
            SplittableRandom random,
            PipeliningClient.Tally tally) {
        for (int i = 0; i < count; i++) {
            PipeliningClient client = new PipeliningClient(sockets, server, random.nextLong(), maxPauseMicros, tally);
            Thread thread = new Thread(client, "client-" + i);
            thread.start();
            clients.add(client);
            threads.add(thread);
        }
    }

    /** Waits until each has its first answer, or has failed. */
    void awaitAnswers() throws InterruptedException {
        for (PipeliningClient client : clients) {
            client.awaitAnswer();
        }
    }

    /** Waits until their connections have ended. */
    void join() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(60));
            if (thread.isAlive()) {
                throw new AssertionError(thread + " still runs");
            }
        }
    }
}
