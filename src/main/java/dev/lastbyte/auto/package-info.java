/**
 * Farewells that find their codec: {@link dev.lastbyte.auto.Farewells} puts the right farewell behind the codec of each connection, when
 * the codec appears. It stands above {@code http}, {@code http2} and {@code websocket}; nothing in the library knows it.
 *
 * <p>Netty's {@code netty-codec-http}, {@code netty-codec-http2} and {@code netty-handler} are used where they are on the class path.
 */
@NullMarked
package dev.lastbyte.auto;

import org.jspecify.annotations.NullMarked;
