/**
 * HTTP/1.1 says goodbye: {@link dev.lastbyte.http.HttpFarewellHandler} puts {@code Connection: close} on the last response of a
 * connection, protects idle connections against the request that is on its way, and counts the requests that were not served.
 *
 * <p>Needs Netty's {@code netty-codec-http}; nothing else of the library does.
 */
@NullMarked
package dev.lastbyte.http;

import org.jspecify.annotations.NullMarked;
