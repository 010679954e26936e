package dev.lastbyte;

/**
 * How the peer ended its TLS stream, as far as this side saw it. Input that arrives after {@code close()} is dropped, not
 * decrypted: of that part only the records' headers are known (RFC 8446, 5.1; RFC 5246, 6.2.1). Immutable.
 */
public enum TlsEnd {
    /**
     * The peer said that its stream is over. Either {@code SslHandler} has decrypted its close_notify, or the last record
     * before the peer's EOF was an alert. Nobody decrypts that alert: a fatal one looks the same, and in TLS 1.3, which hides a
     * record's type, so do 2 or 18 bytes of application data in a record of their own.
     */
    CLOSE_NOTIFY,

    /**
     * EOF came without close_notify: the peer left it out, or somebody on the way ended the connection. Not known to be inside
     * a record. A TLS 1.3 peer that pads its alerts, otherwise than the JDK does, is counted here.
     */
    MISSING,

    /** EOF came inside a record: the peer's stream is cut. */
    TRUNCATED,

    /** Neither an EOF nor a close_notify was seen: this side's close ended first, or the connection was reset. */
    NOT_SEEN,

    /** EOF came, but what was read cannot tell: the connection ended below the handler, or in the rest of a single record. */
    UNKNOWN
}
