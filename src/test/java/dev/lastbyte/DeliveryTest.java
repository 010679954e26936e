package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.internal.TcpInfo;
import dev.lastbyte.testing.FrozenSystem;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the kernel's counters prove, and what they do not. */
class DeliveryTest {
    private static final EmbeddedChannel CHANNEL = new EmbeddedChannel();

    private final FrozenSystem system = new FrozenSystem();

    private Delivery watch(int state, long written, long acked, boolean finFollows) {
        system.kernel(state, written, acked);
        Delivery watch = new Delivery(CHANNEL, system);
        watch.markWritten(CHANNEL, system, finFollows);
        return watch;
    }

    @Test
    void everythingAcknowledgedButTheFin_isNotDelivery() {
        Delivery watch = watch(4, 100, 100, true);
        assertFalse(watch.isDelivered());
        assertEquals(0, watch.unacknowledged(true));
    }

    @Test
    void everythingAcknowledgedWithTheFin_isDelivery() {
        Delivery watch = watch(4, 100, 20, true);
        assertEquals(80, watch.unacknowledged(true));
        system.kernel(TcpInfo.FIN_WAIT2, 100, 101);
        watch.poll(CHANNEL, system);
        assertTrue(watch.isDelivered());
        assertEquals(0, watch.unacknowledged(true));
    }

    @Test
    void stateClosedWithBytesMissing_isALoss() {
        Delivery watch = watch(4, 100, 20, true);
        system.kernel(TcpInfo.CLOSE, 100, 100);
        watch.poll(CHANNEL, system);
        assertFalse(watch.isDelivered());
        assertTrue(watch.isLost());
    }

    @Test
    void stateClosedWithEverything_isNoLoss() {
        Delivery watch = watch(4, 100, 20, true);
        system.kernel(TcpInfo.CLOSE, 100, 101);
        watch.poll(CHANNEL, system);
        assertTrue(watch.isDelivered());
        assertFalse(watch.isLost());
    }

    @Test
    void moreAcknowledged_isProgressOnce() {
        Delivery watch = watch(4, 100, 20, true);
        system.kernel(4, 100, 30);
        watch.poll(CHANNEL, system);
        assertTrue(watch.progressed());
        watch.poll(CHANNEL, system);
        assertFalse(watch.progressed());
    }

    @Test
    void kernelWithoutBytesSent_cannotTell() {
        Delivery watch = watch(4, 0, 50, true);
        assertFalse(watch.canTell());
        assertFalse(watch.isDelivered());
        assertEquals(-1, watch.unacknowledged(true));
    }

    @Test
    void tcpInfo_isReadAtTheKernelsOffsets() {
        ByteBuffer raw = ByteBuffer.allocate(256).order(ByteOrder.nativeOrder());
        raw.put(0, (byte) 5)
                .putInt(24, 3)
                .putInt(44, 20)
                .putInt(52, 10)
                .putInt(56, 17)
                .putInt(68, 1500)
                .putLong(120, 7)
                .putLong(128, 1)
                .putInt(136, 8)
                .putInt(144, 11)
                .putInt(156, 5)
                .putLong(200, 1000)
                .putLong(208, 100);
        TcpInfo info = TcpInfo.parse(raw);
        assertEquals(
                new TcpInfo(TcpInfo.FIN_WAIT2, 7, 11, 1000, 100, 1500, 10, 3, 17, TcpInfo.LastWord.RECEIVED, 3), info);
        assertEquals(911, info.written());
    }

    /** When a byte was last sent and received, in milliseconds ago, and how many were received. */
    @ParameterizedTest
    @CsvSource({"20,10,1,RECEIVED", "10,10,1,SAME_TICK", "10,20,1,SENT", "20,10,0,SENT", "10,10,0,SENT"})
    void tcpInfo_tellsWhoSpokeLast(int sent, int received, long bytes, TcpInfo.LastWord lastWord) {
        ByteBuffer raw = ByteBuffer.allocate(256).order(ByteOrder.nativeOrder());
        raw.putInt(44, sent).putInt(52, received).putLong(128, bytes);
        assertEquals(lastWord, TcpInfo.parse(raw).lastWord());
    }
}
