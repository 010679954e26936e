/**
 * How a listener closes without losing the clients that the kernel has accepted for it. It knows no other package of the library than
 * {@code internal}, and is not exported.
 */
@NullMarked
package dev.lastbyte.internal.listener;

import org.jspecify.annotations.NullMarked;
