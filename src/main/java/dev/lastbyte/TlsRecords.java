package dev.lastbyte;

import io.netty.buffer.ByteBuf;

/**
 * Follows the records of a TLS stream by their headers, across buffers and without touching what they carry: the only file that
 * knows the layout (RFC 8446, 5.1; RFC 5246, 6.2.1).
 *
 * <p>It may begin inside a record whose first part somebody else has taken. Then it looks at every byte until five of them make
 * a header; those are confirmed by a second header, or by the stream's end, right behind their record. Confined to the
 * channel's event loop.
 */
final class TlsRecords {
    private static final int ALERT = 21;
    private static final int APPLICATION_DATA = 23;
    private static final int FIRST_TYPE = 20;
    private static final int LAST_TYPE = 24;

    /** What TLS 1.2 and 1.3 put into the header. */
    private static final int VERSION = 0x0303;

    private static final int HEADER_BYTES = 5;
    private static final long HEADER_MASK = 0xFF_FFFF_FFFFL;

    /** TLSCiphertext.length of TLS 1.2; TLS 1.3 allows less. */
    private static final int MAX_LENGTH = (1 << 14) + 2048;

    private static final int PLAIN_ALERT = 2;
    private static final int CLOSE_NOTIFY = 0;
    private static final int KEY_UPDATE = 5;

    /** The zeros that the JDK adds to everything that it encrypts in TLS 1.3. */
    private static final int JDK_PADDING = 16;

    /** Where a header can be expected. */
    private enum Sync {
        SEARCHING,
        GUESSED,
        CONFIRMED,
        LOST
    }

    private final boolean encrypted;
    private final int hiddenBytes;
    private Sync sync = Sync.SEARCHING;
    private long window;
    private int windowBytes;
    private long searchedBytes;
    private long applicationBytes;
    private boolean beganInside;
    private boolean started;
    private int type;
    private int length;
    private int left;
    private int lastByte;

    /**
     * Before the next byte.
     *
     * @param encrypted whether the handshake is done, so that alerts are encrypted
     * @param hiddenBytes what a TLS 1.3 record carries beside its content: inner type and tag; 0 before TLS 1.3, where the type
     *     is in the header
     */
    TlsRecords(boolean encrypted, int hiddenBytes) {
        this.encrypted = encrypted;
        this.hiddenBytes = hiddenBytes;
    }

    /** Takes what comes next; reads the buffer by index, and leaves its indices alone. */
    void feed(ByteBuf input) {
        int at = input.readerIndex();
        int end = input.writerIndex();
        started |= at < end;
        while (at < end && sync != Sync.LOST) {
            if (left > 0) {
                int step = Math.min(left, end - at);
                at += step;
                left -= step;
                lastByte = input.getByte(at - 1);
                applicationBytes += isApplicationData() ? step : 0;
            } else {
                header(input.getByte(at++));
            }
        }
    }

    private void header(byte next) {
        window = ((window << 8) | (next & 0xFF)) & HEADER_MASK;
        windowBytes++;
        searchedBytes += sync == Sync.SEARCHING ? 1 : 0;
        if (windowBytes < HEADER_BYTES) {
            return;
        }
        int candidate = (int) (window >>> 32);
        int version = (int) ((window >>> 16) & 0xFFFF);
        int size = (int) (window & 0xFFFF);
        boolean amid = sync == Sync.SEARCHING && searchedBytes > HEADER_BYTES;
        boolean found = amid ? isLikely(candidate, version, size) : isLegal(candidate, version, size);
        if (found) {
            begin(candidate, size);
        } else if (sync == Sync.CONFIRMED || searchedBytes > MAX_LENGTH + HEADER_BYTES) {
            sync = Sync.LOST; // not TLS
        } else {
            applicationBytes = 0; // of a record that was none
            sync = Sync.SEARCHING;
            windowBytes = HEADER_BYTES - 1;
        }
    }

    private static boolean isLegal(int kind, int version, int size) {
        return kind >= FIRST_TYPE && kind <= LAST_TYPE && (version >>> 8) == 3 && size > 0 && size <= MAX_LENGTH;
    }

    /** Amid a payload more is asked of a header, since noise must not be taken for one. */
    private boolean isLikely(int kind, int version, int size) {
        boolean carries = kind == APPLICATION_DATA || (kind == ALERT && hiddenBytes == 0);
        return carries && version == VERSION && size > PLAIN_ALERT && size <= MAX_LENGTH;
    }

    private void begin(int candidate, int size) {
        boolean atOnce = sync == Sync.SEARCHING && searchedBytes == HEADER_BYTES;
        beganInside |= sync == Sync.SEARCHING && !atOnce;
        sync = sync == Sync.SEARCHING && !atOnce ? Sync.GUESSED : Sync.CONFIRMED;
        type = candidate;
        length = size;
        left = size;
        windowBytes = 0;
    }

    private boolean isApplicationData() {
        return type == APPLICATION_DATA && (hiddenBytes == 0 || !(holds(PLAIN_ALERT) || holds(KEY_UPDATE)));
    }

    /** Whether a TLS 1.3 record has the size of so much content. */
    private boolean holds(int content) {
        int padding = length - hiddenBytes - content;
        return padding == 0 || padding == JDK_PADDING;
    }

    /** What the peer's EOF means, if it comes now. */
    TlsEnd endAtEof() {
        if (!started) {
            return TlsEnd.MISSING;
        }
        if (sync == Sync.SEARCHING || sync == Sync.LOST) {
            return TlsEnd.UNKNOWN;
        }
        if (left > 0 || windowBytes > 0) {
            return sync == Sync.CONFIRMED ? TlsEnd.TRUNCATED : TlsEnd.UNKNOWN;
        }
        return encrypted ? endOfSession() : endOfHandshake();
    }

    private TlsEnd endOfSession() {
        boolean alert = hiddenBytes == 0
                ? type == ALERT && length > PLAIN_ALERT
                : type == APPLICATION_DATA && holds(PLAIN_ALERT);
        return alert ? TlsEnd.CLOSE_NOTIFY : TlsEnd.MISSING;
    }

    /** In a handshake most alerts complain; one that is encrypted cannot be told from close_notify. */
    private TlsEnd endOfHandshake() {
        if (type == ALERT && length == PLAIN_ALERT) {
            return lastByte == CLOSE_NOTIFY ? TlsEnd.CLOSE_NOTIFY : TlsEnd.MISSING;
        }
        return type == ALERT || type == APPLICATION_DATA ? TlsEnd.UNKNOWN : TlsEnd.MISSING;
    }

    /**
     * Bytes of records that carry application data, counted without their headers but with what encryption adds; at least so
     * many if this is more than 0. A record that had begun before is not counted. -1 if that leaves nothing to say.
     */
    long applicationBytes() {
        boolean undecided = beganInside || sync == Sync.LOST || (sync == Sync.SEARCHING && started);
        return applicationBytes == 0 && undecided ? -1 : applicationBytes;
    }
}
