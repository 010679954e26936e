package dev.lastbyte.testing;

import org.jspecify.annotations.Nullable;

/**
 * What a peer's application saw of one connection. Immutable.
 *
 * @param bytes how many bytes of the answer it read
 * @param intact whether each of them was where it belongs
 * @param eof whether reading ended in a clean EOF
 * @param readError what ended reading otherwise
 * @param writeError what ended writing before its time
 */
public record PeerResult(
        long bytes, boolean intact, boolean eof, @Nullable String readError, @Nullable String writeError) {
    /** Whether the connection was reset under the peer's hands. */
    public boolean sawReset() {
        return readError != null || writeError != null;
    }

    /** Whether all of an answer came, in order and with a clean end. */
    public boolean isWhole(long expected) {
        return bytes == expected && intact && eof;
    }

    /** Whether the peer was made to believe that a part is the whole: no error anywhere. */
    public boolean wasDeceived(long expected) {
        return eof && bytes < expected && writeError == null;
    }
}
