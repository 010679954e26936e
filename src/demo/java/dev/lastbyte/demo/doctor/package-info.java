/** The command {@code doctor}: the running kernel's settings that matter to closing connections, and what to do about them. */
@NullMarked
package dev.lastbyte.demo.doctor;

import org.jspecify.annotations.NullMarked;
