/**
 * The farewell of HTTP/2: two GOAWAY frames with a PING between them, then streams finish, then the connection closes. {@link
 * dev.lastbyte.http2.Http2FarewellHandler} is all that users need; it requires netty-codec-http2.
 */
@NullMarked
package dev.lastbyte.http2;

import org.jspecify.annotations.NullMarked;
