/**
 * Graceful close for Netty connections, and a lossless drain for whole servers.
 *
 * <p>Only the transport is always needed. Codecs, TLS and the native transports are used where an application has them.
 */
module dev.lastbyte {
    requires transitive io.netty.buffer;
    requires transitive io.netty.common;
    requires transitive io.netty.transport;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires static transitive io.netty.codec;
    requires static transitive io.netty.codec.http;
    requires static transitive io.netty.codec.http2;
    requires static io.netty.handler;
    requires static io.netty.transport.classes.epoll;
    requires static io.netty.transport.unix.common;
    requires static jdk.net;

    exports dev.lastbyte;
    exports dev.lastbyte.auto;
    exports dev.lastbyte.drain;
    exports dev.lastbyte.farewell;
    exports dev.lastbyte.http;
    exports dev.lastbyte.http2;
    exports dev.lastbyte.tcp;
    exports dev.lastbyte.websocket;
}
