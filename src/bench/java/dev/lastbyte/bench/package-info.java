/**
 * What Lastbyte costs, measured side by side with what it replaces: one command per table of docs/performance.md. Not in the
 * library's jar.
 */
@NullMarked
package dev.lastbyte.bench;

import org.jspecify.annotations.NullMarked;
