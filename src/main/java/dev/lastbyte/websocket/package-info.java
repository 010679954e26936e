/**
 * WebSocket says goodbye: the Close frame with a reason before the connection ends, and the peer's Close awaited within limits.
 *
 * <p>Put a {@link dev.lastbyte.websocket.WebSocketFarewellHandler} behind Netty's WebSocket codec. It needs netty-codec-http.
 */
@NullMarked
package dev.lastbyte.websocket;

import org.jspecify.annotations.NullMarked;
