/** Lastbyte in servers on Reactor Netty; {@link dev.lastbyte.reactor.LastbyteReactorNetty} is all that users need. */
@NullMarked
package dev.lastbyte.reactor;

import org.jspecify.annotations.NullMarked;
