package dev.lastbyte.demo.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lastbyte.demo.Transport;
import dev.lastbyte.drain.DrainPhase;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.http.HttpFarewellConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
class DemoServerTest {
    @ParameterizedTest
    @EnumSource
    void listen_portTaken_saysWhyInPlainWords_andDrainsNothing(Transport transport) throws Exception {
        assumeTrue(transport.unavailable().isEmpty());
        GracefulCloseManager manager = GracefulCloseManager.create();
        DemoServer.Setup setup =
                new DemoServer.Setup(transport, Protocol.HTTP, manager, HttpFarewellConfig.defaults(), null, null);
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetSocketAddress address = (InetSocketAddress) taken.getLocalSocketAddress();
            IOException e = assertThrows(IOException.class, () -> new DemoServer(setup, address));
            assertEquals("Address already in use", e.getMessage());
        }
        assertEquals(DrainPhase.READY, manager.phase());
    }
}
