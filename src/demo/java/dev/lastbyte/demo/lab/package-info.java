/** The lab: ways to close, against peers that behave well and badly, measured at the peer. */
@NullMarked
package dev.lastbyte.demo.lab;

import org.jspecify.annotations.NullMarked;
