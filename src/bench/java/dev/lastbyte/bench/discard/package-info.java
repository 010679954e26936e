/**
 * What discarding an upload costs.
 */
@NullMarked
package dev.lastbyte.bench.discard;

import org.jspecify.annotations.NullMarked;
