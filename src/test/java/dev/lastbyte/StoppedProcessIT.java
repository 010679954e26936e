package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lastbyte.testing.ChildJvm;
import dev.lastbyte.testing.PeerResult;
import dev.lastbyte.testing.RealSockets;
import dev.lastbyte.testing.Transports;
import dev.lastbyte.testing.Uploader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A pause of the process, as of a virtual machine or a container, is nobody's stall. */
@RealSockets
class StoppedProcessIT {
    private static final int PEERS = 10;
    private static final int ANSWER = 1 << 20;
    private static final int RECEIVE_BUFFER = 8 * 1024;

    /** What takes the server two seconds to read and drop. */
    private static final int BODY = 16 << 20;

    private static final long PATIENCE_SECONDS = 1;
    private static final long STOPPED_SECONDS = 3 * PATIENCE_SECONDS;

    @Test
    void peersThatUploadFirst_processStoppedMeanwhile_getTheWholeAnswer() throws Exception {
        List<Transports> transports = Transports.tcp()
                .filter(transport -> transport.unavailable().isEmpty())
                .toList();
        List<String> labels = transports.stream().map(Transports::name).toList();
        List<String> arguments = new ArrayList<>(List.of(Long.toString(PATIENCE_SECONDS), Integer.toString(ANSWER)));
        arguments.addAll(labels);
        List<Uploader> uploaders = new ArrayList<>();
        try (ChildJvm child = new ChildJvm(List.of(), ChildServer.class, arguments.toArray(String[]::new))) {
            Map<String, InetSocketAddress> addresses = new TreeMap<>();
            for (String label : labels) {
                int port = Integer.parseInt(child.await(label));
                addresses.put(label, new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            }
            addresses.forEach((label, address) -> {
                for (int i = 0; i < PEERS; i++) {
                    uploaders.add(new Uploader(label, address, RECEIVE_BUFFER, BODY));
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
                PeerResult result = uploader.result();
                if (!result.isWhole(ANSWER)) {
                    cut.merge(uploader.label(), result, (first, other) -> first);
                }
            }
            assertEquals(Map.of(), cut);
        }
    }
}
