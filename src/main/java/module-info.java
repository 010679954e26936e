/**
 * Graceful close for Netty connections, and a lossless drain for whole servers.
 *
 * <p>Pages that are named {@code docs/...} belong to the documentation in the source repository. Begin with its README.
 *
 * <p>Only the transport is always needed. Codecs, TLS and the native transports are used where an application has them, and
 * names them in its own descriptor: a {@code requires static} would make it need all of them to compile.
 */
@SuppressWarnings("requires-automatic") // Micrometer has no module descriptors
module dev.lastbyte {
    requires transitive io.netty.buffer;
    requires transitive io.netty.common;
    requires transitive io.netty.transport;
    requires org.slf4j;
    requires static org.jspecify;
    requires static io.netty.codec;
    requires static io.netty.codec.http;
    requires static io.netty.codec.http2;
    requires static io.netty.handler;
    requires static io.netty.transport.classes.epoll;
    requires static io.netty.transport.unix.common;
    requires static jdk.jfr;
    requires static jdk.net;
    requires static micrometer.core;

    exports dev.lastbyte;
    exports dev.lastbyte.auto;
    exports dev.lastbyte.drain;
    exports dev.lastbyte.farewell;
    exports dev.lastbyte.http;
    exports dev.lastbyte.http2;
    exports dev.lastbyte.micrometer;
    exports dev.lastbyte.receipt;
    exports dev.lastbyte.systemd;
    exports dev.lastbyte.tcp;
    exports dev.lastbyte.websocket;
}
