/**
 * Drains a server: stops its listeners, lets its connections finish, and closes them all within a time that you choose, without losing a
 * client. Begin with {@link dev.lastbyte.drain.GracefulCloseManager}.
 *
 * <p>Reading order: {@code DrainSequence} (the phases, on a thread of their own), {@code LoopDrain} (what each event loop does with its
 * connections), and {@code ManagedConnection} (what a close tells the manager). The result is a {@link dev.lastbyte.drain.DrainReport}.
 */
@NullMarked
package dev.lastbyte.drain;

import org.jspecify.annotations.NullMarked;
