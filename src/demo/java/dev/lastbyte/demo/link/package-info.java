/** Links between the two ends of the lab: loopback, or two network namespaces with a real delay. */
@NullMarked
package dev.lastbyte.demo.link;

import org.jspecify.annotations.NullMarked;
