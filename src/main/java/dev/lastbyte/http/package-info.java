/**
 * The farewell of HTTP/1.1: {@link dev.lastbyte.http.HttpFarewellHandler} puts {@code Connection: close} on the last response of a
 * connection, keeps idle connections open for a request that may be on its way, and counts the requests that were not served.
 *
 * <p>Needs Netty's {@code netty-codec-http}; nothing else of the library does.
 */
@NullMarked
package dev.lastbyte.http;

import org.jspecify.annotations.NullMarked;
