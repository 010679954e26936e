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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Peers whose input is dropped cost next to no direct memory, however many they are. */
@RealSockets
class SmallMemoryIT {
    private static final int PEERS = 400;
    private static final int BODY = 2 << 20;
    private static final int ANSWER = 1000;

    /** A third of what io_uring takes if it reads from all of them at once into buffers of the usual size. */
    private static final String DIRECT_MEMORY = "-XX:MaxDirectMemorySize=8m";

    @ParameterizedTest
    @MethodSource("dev.lastbyte.testing.Transports#tcp")
    void hundredsThatUpload_littleDirectMemory_getTheWholeAnswer(Transports transport) throws Exception {
        transport.assumeAvailable();
        List<Uploader> uploaders = new ArrayList<>();
        try (ChildJvm child = ChildJvm.with(
                List.of(DIRECT_MEMORY), ChildServer.class, "30", Integer.toString(ANSWER), transport.name())) {
            InetSocketAddress address = new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), Integer.parseInt(child.await(transport.name())));
            for (int i = 0; i < PEERS; i++) {
                uploaders.add(new Uploader(transport.name(), address, 0, BODY));
            }
            List<PeerResult> cut = new ArrayList<>();
            for (Uploader uploader : uploaders) {
                PeerResult result = uploader.result();
                if (!result.isWhole(ANSWER)) {
                    cut.add(result);
                }
            }
            assertEquals(List.of(), cut);
        }
    }
}
