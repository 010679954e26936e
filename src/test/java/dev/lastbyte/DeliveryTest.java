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
                .putInt(56, 17)
                .putInt(68, 1500)
                .putLong(120, 7)
                .putInt(144, 11)
                .putLong(200, 1000)
                .putLong(208, 100);
        TcpInfo info = TcpInfo.parse(raw);
        assertEquals(new TcpInfo(TcpInfo.FIN_WAIT2, 7, 11, 1000, 100, 1500, 0, 3, 17), info);
        assertEquals(911, info.written());
    }
}
