package dev.lastbyte.internal.listener;

import dev.lastbyte.internal.SocketTable;
import dev.lastbyte.internal.SystemView;
import dev.lastbyte.testing.OneByteServer;
import dev.lastbyte.testing.Transports;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A listener as a process, for several on one port and for other network namespaces. It is told {@code stop},
 * {@code close} and {@code bind}, and ends with its input. Stateless.
 */
public final class ListenerChild {
    private ListenerChild() {}

    public static void main(String[] arguments) throws IOException {
        Transports transport = Transports.valueOf(arguments[0]);
        InetSocketAddress address = new InetSocketAddress(arguments[1], Integer.parseInt(arguments[2]));
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        try (OneByteServer server = new OneByteServer(transport, address, b -> OneByteServer.reusePort(b, transport))) {
            bound(server);
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                if (line.equals("bind")) {
                    server.bind(address);
                    bound(server);
                } else if (line.equals("close")) {
                    server.listener().close().syncUninterruptibly();
                    System.out.println("stopped plainly");
                } else {
                    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
                    ListenerStop.Result report = ListenerStop.start(
                                    server.listener(),
                                    deadline,
                                    SystemView.REAL,
                                    timer,
                                    new HandshakeLooks(SystemView.REAL, SocketTable.SYSTEM))
                            .toCompletableFuture()
                            .join();
                    System.out.println("stopped " + report);
                }
            }
        } finally {
            timer.shutdown();
        }
    }

    private static void bound(OneByteServer server) {
        System.out.println("bound " + ((InetSocketAddress) server.address()).getPort());
    }
}
