package dev.lastbyte.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.testing.FrozenSystem;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Payload out of the kernel's counters: what SYN and FIN add, what a full local queue counts twice, what old kernels leave out. */
class SentBytesTest {
    private static final int ESTABLISHED = 1;

    @Test
    void openConnection_tellsSentAndUnsentApart() {
        SentBytes bytes = of(info(ESTABLISHED, 1000, 700, 300, 2), 0);
        assertEquals(new SentBytes(ESTABLISHED, 700, 300, 300, 1_000_000), bytes);
        assertEquals(600, bytes.unacknowledged());
        assertEquals(1300, bytes.end());
    }

    @Test
    void connectingSide_synIsNotPayload() {
        assertEquals(0, of(info(ESTABLISHED, 0, 1, 0, 0), 1).acknowledged());
        assertEquals(10, of(info(ESTABLISHED, 10, 11, 0, 0), 1).acknowledged());
        assertEquals(0, of(info(2, 0, 0, 0, 1), 1).acknowledged(), "SYN_SENT");
    }

    @ParameterizedTest
    @CsvSource({"4, 501, 500", "9, 501, 500", "11, 1, 0", "4, 0, 0", "1, 501, 501"})
    void queuedFin_isNotPayload(int state, long notSent, long unsent) {
        assertEquals(unsent, of(info(state, 1000, 1000, notSent, 0), 0).unsent());
    }

    @ParameterizedTest
    @CsvSource({"5", "7"})
    void acknowledgedFin_isNotPayload(int state) {
        SentBytes bytes = of(info(state, 1000, 1001, 0, 0), 0);
        assertEquals(1000, bytes.acknowledged());
        assertEquals(0, bytes.unacknowledged());
    }

    @Test
    void resetWithBytesOut_keepsThem() {
        SentBytes bytes = read(info(TcpInfo.CLOSE, 1000, 700, 0, 0));
        assertTrue(bytes.isOver());
        assertEquals(300, bytes.unacknowledged());
    }

    @Test
    void bytesCountedTwice_nothingOutAndStillOpen_areNone() {
        TcpInfo drifted = info(ESTABLISHED, 1000, 700, 0, 0);
        assertEquals(0, read(drifted, drifted).unacknowledged());
    }

    @Test
    void queueEmptiedByAReset_isNotTakenForAcknowledged() {
        SentBytes bytes = read(info(ESTABLISHED, 1000, 700, 0, 0), info(TcpInfo.CLOSE, 1000, 700, 0, 0));
        assertTrue(bytes.isOver());
        assertEquals(300, bytes.unacknowledged());
    }

    @Test
    void kernelWithoutCounters_isUnknown() {
        assertNull(SentBytes.of(info(ESTABLISHED, 0, 50, 0, 0), 0));
    }

    @ParameterizedTest
    @CsvSource({
        "6.18.44-fc, true",
        "4.19.0, true",
        "4.19, true",
        "5.4.0-91-generic, true",
        "10.0, true",
        "4.18.0-553.el8, false",
        "3.10.0, false",
        "2.6.40, false",
        "'', false",
        "unknown, false",
    })
    void linuxVersion_isComparedByNumbers(String version, boolean atLeast) {
        assertEquals(atLeast, TcpInfo.isAtLeast(version, 4, 19));
    }

    @Test
    void tcpState_hasTheKernelsNumbers() {
        assertEquals(Optional.of(TcpState.ESTABLISHED), TcpState.of(1));
        assertEquals(Optional.of(TcpState.FIN_WAIT1), TcpState.of(TcpInfo.FIN_WAIT1));
        assertEquals(Optional.of(TcpState.FIN_WAIT2), TcpState.of(TcpInfo.FIN_WAIT2));
        assertEquals(Optional.of(TcpState.CLOSE), TcpState.of(TcpInfo.CLOSE));
        assertEquals(Optional.of(TcpState.CLOSE_WAIT), TcpState.of(TcpInfo.CLOSE_WAIT));
        assertEquals(Optional.of(TcpState.LAST_ACK), TcpState.of(TcpInfo.LAST_ACK));
        assertEquals(Optional.of(TcpState.CLOSING), TcpState.of(TcpInfo.CLOSING));
        for (int unknown : List.of(-1, 0, 12, 13, 255)) {
            assertEquals(Optional.empty(), TcpState.of(unknown));
        }
        assertFalse(TcpInfo.isFinUnacknowledged(TcpInfo.FIN_WAIT2));
    }

    private static TcpInfo info(int state, long sent, long acked, long notSent, int segments) {
        return new TcpInfo(state, acked, notSent, sent + 40, 40, 1000, 0, segments, 0, TcpInfo.LastWord.SENT, 0);
    }

    private static SentBytes of(TcpInfo info, long syn) {
        SentBytes bytes = SentBytes.of(info, syn);
        assertNotNull(bytes);
        return bytes;
    }

    /** Reads these one after the other; the channel of the test has connected, so its SYN counts. */
    private static SentBytes read(TcpInfo... infos) {
        FrozenSystem system = new FrozenSystem();
        for (TcpInfo info : infos) {
            system.answers(new TcpInfo(
                    info.state(),
                    info.bytesAcked() + 1,
                    info.notSent(),
                    info.bytesSent(),
                    info.bytesRetransmitted(),
                    info.rttMicros(),
                    info.silentMillis(),
                    info.segmentsOut(),
                    info.ackAgeMillis(),
                    info.lastWord(),
                    info.acksAlone()));
        }
        SentBytes bytes = SentBytes.read(new EmbeddedChannel(), system);
        assertNotNull(bytes);
        assertEquals(infos.length, system.readings());
        return bytes;
    }
}
