package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whose fault an exception is. */
class ResetsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Connection reset by peer",
                "Connection reset",
                "Broken pipe",
                "recvAddress(..) failed with error(-104): Connection reset by peer",
                "Transport endpoint is not connected",
                "Connection timed out",
                "Software caused connection abort: aborted"
            })
    void lostConnection_isThePeers(String message) {
        assertTrue(Resets.isConnectionLost(new SocketException(message)));
    }

    @Test
    void anythingElse_isOurs() {
        assertFalse(Resets.isConnectionLost(new FileNotFoundException("body.bin")));
        assertFalse(Resets.isConnectionLost(new IOException()));
        assertFalse(Resets.isConnectionLost(new ClosedChannelException()));
        assertFalse(Resets.isConnectionLost(new IllegalStateException("Broken pipe")));
        assertFalse(Resets.isConnectionLost(null));
    }
}
