/**
 * What closing one connection costs: per connection, per held socket, against other servers and SO_LINGER.
 */
@NullMarked
package dev.lastbyte.bench.close;

import org.jspecify.annotations.NullMarked;
