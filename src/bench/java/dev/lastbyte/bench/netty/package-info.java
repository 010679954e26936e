/**
 * What the benches need of Netty: transports, servers on loopback, pipelines with and without Lastbyte, a channel without a kernel.
 */
@NullMarked
package dev.lastbyte.bench.netty;

import org.jspecify.annotations.NullMarked;
