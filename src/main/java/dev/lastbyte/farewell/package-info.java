/**
 * The last words of a protocol: what it sends before {@code close()} goes on, and the answer that it waits for. A simple protocol
 * implements {@link dev.lastbyte.farewell.Farewell} and adds a {@link dev.lastbyte.farewell.FarewellHandler}; a protocol that needs
 * more writes a handler of its own with {@link dev.lastbyte.farewell.FarewellExchange}.
 */
@NullMarked
package dev.lastbyte.farewell;

import org.jspecify.annotations.NullMarked;
