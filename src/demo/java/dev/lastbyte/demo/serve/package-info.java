/** The demo server: HTTP or echo, with a graceful or a plain close. */
@NullMarked
package dev.lastbyte.demo.serve;

import org.jspecify.annotations.NullMarked;
