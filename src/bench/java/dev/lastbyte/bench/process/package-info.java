/**
 * The processes that a bench measures, or measures with: child JVMs, programs in C, programs of the system, and their CPU time. Knows no
 * bench.
 */
@NullMarked
package dev.lastbyte.bench.process;

import org.jspecify.annotations.NullMarked;
