package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The record scanner: what a stream's end means, and what was application data, however the stream is cut into buffers. */
class TlsRecordsTest {
    private static final int TLS12 = 0;
    private static final int TLS13 = 17;

    /**
     * One stream.
     *
     * @param hidden 0 for TLS 1.2, else what a TLS 1.3 record hides
     * @param stream records as {@code type:length}, {@code cut:N} for the first N bytes of a record of 100
     * @param application bytes of application data, -1 for unknown
     */
    record Row(int hidden, String stream, TlsEnd end, long application) {}

    static Stream<Row> sessions() {
        return Stream.of(
                new Row(TLS12, "", TlsEnd.MISSING, 0),
                new Row(TLS12, "21:26", TlsEnd.CLOSE_NOTIFY, 0),
                new Row(TLS12, "23:300 23:16400 21:26", TlsEnd.CLOSE_NOTIFY, 16700),
                new Row(TLS12, "23:300", TlsEnd.MISSING, 300),
                new Row(TLS12, "23:19", TlsEnd.MISSING, 19),
                new Row(TLS12, "21:26 23:300", TlsEnd.MISSING, 300),
                new Row(TLS12, "22:200 23:300", TlsEnd.MISSING, 300),
                new Row(TLS12, "23:300 cut:50", TlsEnd.TRUNCATED, 345),
                new Row(TLS12, "23:300 cut:3", TlsEnd.TRUNCATED, 300),
                new Row(TLS12, "cut:5", TlsEnd.TRUNCATED, 0),
                new Row(TLS13, "23:19", TlsEnd.CLOSE_NOTIFY, 0),
                new Row(TLS13, "23:35", TlsEnd.CLOSE_NOTIFY, 0),
                new Row(TLS13, "23:22 23:22 23:38 23:19", TlsEnd.CLOSE_NOTIFY, 0),
                new Row(TLS13, "23:22", TlsEnd.MISSING, 0),
                new Row(TLS13, "23:19 23:500", TlsEnd.MISSING, 500),
                new Row(TLS13, "21:26", TlsEnd.MISSING, 0),
                new Row(TLS13, "23:500 cut:99", TlsEnd.TRUNCATED, 594),
                new Row(9, "23:11", TlsEnd.CLOSE_NOTIFY, 0));
    }

    @ParameterizedTest
    @MethodSource("sessions")
    void stream_cutAnywhere_meansTheSame(Row row) {
        byte[] stream = stream(row.stream);
        for (int cut = 0; cut <= Math.min(stream.length, 700); cut++) {
            TlsRecords records = new TlsRecords(true, row.hidden);
            feed(records, stream, 0, cut);
            feed(records, stream, cut, stream.length);
            check(row, records);
        }
        TlsRecords records = new TlsRecords(true, row.hidden);
        for (int i = 0; i < stream.length; i++) {
            feed(records, stream, i, i + 1);
        }
        check(row, records);
    }

    static Stream<Row> inside() {
        return Stream.of(
                new Row(TLS12, "23:300 21:26", TlsEnd.CLOSE_NOTIFY, -1),
                new Row(TLS12, "23:300 23:400 21:26", TlsEnd.CLOSE_NOTIFY, 400),
                new Row(TLS12, "23:300 23:400", TlsEnd.MISSING, 400),
                new Row(TLS12, "23:300 23:400 cut:60", TlsEnd.TRUNCATED, 455),
                new Row(TLS12, "23:300 cut:60", TlsEnd.UNKNOWN, 55),
                new Row(TLS12, "23:300", TlsEnd.UNKNOWN, -1),
                new Row(TLS13, "23:300 23:19", TlsEnd.CLOSE_NOTIFY, -1),
                new Row(TLS13, "23:16401 23:19", TlsEnd.CLOSE_NOTIFY, -1),
                new Row(TLS13, "23:19", TlsEnd.UNKNOWN, -1));
    }

    /** Somebody else has taken the first bytes of the first record. */
    @ParameterizedTest
    @MethodSource("inside")
    void stream_beginsInsideARecord_isFoundAtTheNext(Row row) {
        byte[] stream = stream(row.stream);
        for (int first : new int[] {1, 2, 3, 4, 5, 6, 17, 23}) {
            TlsRecords records = new TlsRecords(true, row.hidden);
            int middle = Math.max(first, stream.length / 2);
            feed(records, stream, first, middle);
            feed(records, stream, middle, stream.length);
            check(row, records);
        }
    }

    @Test
    void header_madeOfPayload_isGivenUpAtTheNext() {
        byte[] stream = stream("23:300 23:400 21:26");
        System.arraycopy(new byte[] {23, 3, 3, 0, 9}, 0, stream, 100, 5);
        TlsRecords records = new TlsRecords(true, TLS12);
        feed(records, stream, 50, stream.length);
        check(new Row(TLS12, "", TlsEnd.CLOSE_NOTIFY, 400), records);
    }

    @Test
    void header_madeOfPayload_doesNotCutTheStream() {
        byte[] stream = stream("23:300 21:26");
        System.arraycopy(new byte[] {23, 3, 3, 64, 0}, 0, stream, 100, 5);
        TlsRecords records = new TlsRecords(true, TLS12);
        feed(records, stream, 50, stream.length);
        assertEquals(TlsEnd.UNKNOWN, records.endAtEof());
    }

    @Test
    void stream_thatIsNoTls_isGivenUp() {
        TlsRecords records = new TlsRecords(true, TLS13);
        for (int i = 0; i < 100; i++) {
            feed(records, new byte[1000], 0, 1000);
        }
        feed(records, stream("23:300 23:19"), 0, 329);
        check(new Row(TLS13, "", TlsEnd.UNKNOWN, -1), records);
    }

    @Test
    void stream_thatStopsBeingTls_isGivenUp() {
        TlsRecords records = new TlsRecords(true, TLS13);
        feed(records, stream("23:300 99:19 23:19"), 0, 353);
        check(new Row(TLS13, "", TlsEnd.UNKNOWN, 300), records);
    }

    @Test
    void handshake_endsInAlert_onlyPlainOnesAreRead() {
        assertEquals(TlsEnd.CLOSE_NOTIFY, endOfHandshake(22, 3, 1, 0, 1, 1, 21, 3, 3, 0, 2, 1, 0));
        assertEquals(TlsEnd.MISSING, endOfHandshake(21, 3, 3, 0, 2, 2, 42));
        assertEquals(TlsEnd.UNKNOWN, endOfHandshake(21, 3, 3, 0, 3, 7, 7, 7));
        assertEquals(TlsEnd.UNKNOWN, endOfHandshake(23, 3, 3, 0, 3, 7, 7, 7));
        assertEquals(TlsEnd.MISSING, endOfHandshake(22, 3, 1, 0, 1, 1));
        assertEquals(TlsEnd.TRUNCATED, endOfHandshake(22, 3, 1, 0, 9, 1));
    }

    private static TlsEnd endOfHandshake(int... bytes) {
        TlsRecords records = new TlsRecords(false, 0);
        for (int b : bytes) {
            feed(records, new byte[] {(byte) b}, 0, 1);
        }
        return records.endAtEof();
    }

    private static void check(Row row, TlsRecords records) {
        assertEquals(row.end, records.endAtEof(), row::toString);
        assertEquals(row.application, records.applicationBytes(), row::toString);
    }

    /** In a buffer that begins elsewhere. */
    private static void feed(TlsRecords records, byte[] stream, int from, int to) {
        ByteBuf buffer = Unpooled.wrappedBuffer(stream).setIndex(from, to);
        records.feed(buffer);
        assertEquals(to - from, buffer.readableBytes());
    }

    /** Payload is noise, the same in each run. */
    private static byte[] stream(String records) {
        Random noise = new Random(1);
        ByteBuf stream = Unpooled.buffer();
        for (String record : records.isEmpty() ? new String[0] : records.split(" ")) {
            String[] parts = record.split(":");
            boolean cut = parts[0].equals("cut");
            int length = cut ? 100 : Integer.parseInt(parts[1]);
            byte[] payload = new byte[length];
            noise.nextBytes(payload);
            ByteBuf whole = Unpooled.buffer()
                    .writeByte(cut ? 23 : Integer.parseInt(parts[0]))
                    .writeShort(0x0303)
                    .writeShort(length)
                    .writeBytes(payload);
            stream.writeBytes(whole, cut ? Integer.parseInt(parts[1]) : whole.readableBytes());
        }
        byte[] bytes = new byte[stream.readableBytes()];
        stream.readBytes(bytes);
        return bytes;
    }
}
