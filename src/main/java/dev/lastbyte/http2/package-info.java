/**
 * HTTP/2 says goodbye: two GOAWAY frames with a PING between them, then streams finish, then the connection closes. {@link
 * dev.lastbyte.http2.Http2FarewellHandler} is all that users need; it wants netty-codec-http2 on the class path.
 */
@NullMarked
package dev.lastbyte.http2;

import org.jspecify.annotations.NullMarked;
