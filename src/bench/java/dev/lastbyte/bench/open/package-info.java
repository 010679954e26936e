/**
 * What an open connection costs: the first one, each message, and the registry of all.
 */
@NullMarked
package dev.lastbyte.bench.open;

import org.jspecify.annotations.NullMarked;
