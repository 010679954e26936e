package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.PeerResult;
import dev.lastbyte.testing.PeerRun;
import dev.lastbyte.testing.PeerSocket;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.TestServer;
import dev.lastbyte.testing.Transports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A pause of the process, as of a virtual machine or a container, is nobody's stall. */
@RealSockets
class StoppedProcessIT {
    private static final int PEERS = 10;
    private static final int RECEIVE_BUFFER = 8 * 1024;
    private static final int CHUNK = 64 * 1024;

    /** What takes the server two seconds to read and drop. */
    private static final int CHUNKS = 256;

    private static final long STOPPED_SECONDS = 3 * StoppedServer.PATIENCE.toSeconds();

    @Test
    void peersThatUploadFirst_processStoppedMeanwhile_getTheWholeAnswer() throws Exception {
        List<Transports> transports = Transports.tcp()
                .filter(transport -> transport.unavailable().isEmpty())
                .toList();
        String[] labels = transports.stream().map(Transports::name).toArray(String[]::new);
        List<Uploader> uploaders = new ArrayList<>();
        try (ChildJvm child = new ChildJvm(List.of(), StoppedServer.class, labels)) {
            Map<String, InetSocketAddress> addresses = new TreeMap<>();
            for (String label : labels) {
                int port = Integer.parseInt(child.await(label));
                addresses.put(label, new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            }
            addresses.forEach((label, address) -> {
                for (int i = 0; i < PEERS; i++) {
                    uploaders.add(new Uploader(label, address));
                }
            });
            for (int i = 0; i < uploaders.size(); i++) {
                child.await("closing");
            }
            child.signal("STOP");
            try {
                new CountDownLatch(1).await(STOPPED_SECONDS, TimeUnit.SECONDS);
            } finally {
                child.signal("CONT");
            }
            Map<String, PeerResult> cut = new TreeMap<>();
            for (Uploader uploader : uploaders) {
                PeerResult result = uploader.result.get(TestServer.PATIENCE_SECONDS, TimeUnit.SECONDS);
                if (!result.isWhole(StoppedServer.ANSWER)) {
                    cut.merge(uploader.label, result, (first, other) -> first);
                }
            }
            assertEquals(Map.of(), cut);
        }
    }

    /** A peer that sends its whole body before it reads. */
    private static final class Uploader {
        private final String label;
        private final CompletableFuture<PeerResult> result;

        Uploader(String label, InetSocketAddress address) {
            this.label = label;
            result = new CompletableFuture<>();
            new Thread(() -> run(address), "uploader").start();
        }

        private void run(InetSocketAddress address) {
            try (PeerRun run =
                    new PeerRun(PeerSocket.connect(address, null, RECEIVE_BUFFER), 1, new CountDownLatch(1))) {
                run.request();
                byte[] chunk = new byte[CHUNK];
                for (int i = 0; i < CHUNKS && run.send(chunk); i++) {
                    // as fast as the server takes it
                }
                run.readAll();
                result.complete(run.result());
            } catch (IOException e) {
                result.completeExceptionally(new UncheckedIOException(e));
            }
        }
    }
}
