/**
 * The farewell of WebSocket: before the connection closes, the server sends a Close frame with a reason and waits, within limits, for
 * the peer's Close.
 *
 * <p>Put a {@link dev.lastbyte.websocket.WebSocketFarewellHandler} behind Netty's WebSocket codec. It needs netty-codec-http.
 */
@NullMarked
package dev.lastbyte.websocket;

import org.jspecify.annotations.NullMarked;
