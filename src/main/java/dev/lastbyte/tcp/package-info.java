/**
 * What TCP does with the bytes of an open connection: {@link dev.lastbyte.tcp.SegmentPolicy} decides how flushes become segments,
 * {@link dev.lastbyte.tcp.TcpOptions} sets the options of tcp(7), and {@link dev.lastbyte.tcp.SendQueue} tells what the peer's TCP has
 * acknowledged.
 */
@NullMarked
package dev.lastbyte.tcp;

import org.jspecify.annotations.NullMarked;
