/**
 * The ground floor: the kernel, what Netty leaves unsaid, timers and sockets. It knows no other package of the library, and is not
 * exported.
 */
@NullMarked
package dev.lastbyte.internal;

import org.jspecify.annotations.NullMarked;
