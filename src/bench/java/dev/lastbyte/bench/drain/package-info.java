/**
 * What it takes to close thousands of connections at once: in their close sequence, idle, and without sockets.
 */
@NullMarked
package dev.lastbyte.bench.drain;

import org.jspecify.annotations.NullMarked;
