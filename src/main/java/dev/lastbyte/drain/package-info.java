/**
 * Drains a server: stops its listeners, lets its connections finish, and closes them all within a time that you choose, without losing a
 * client. Begin with {@link dev.lastbyte.drain.GracefulCloseManager}; the result is a {@link dev.lastbyte.drain.DrainReport}.
 */
@NullMarked
package dev.lastbyte.drain;

import org.jspecify.annotations.NullMarked;
