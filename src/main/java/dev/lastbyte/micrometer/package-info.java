/**
 * The figures of a {@link dev.lastbyte.drain.GracefulCloseManager} as Micrometer meters. Needs {@code micrometer-core}, which the library
 * does not bring along.
 */
@NullMarked
package dev.lastbyte.micrometer;

import org.jspecify.annotations.NullMarked;
