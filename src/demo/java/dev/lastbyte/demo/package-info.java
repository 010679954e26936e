/**
 * The runnable demo: {@code lab} shows what each way to close a connection loses, {@code serve} is a server to try by
 * hand. docs/demo.md explains both.
 */
@NullMarked
package dev.lastbyte.demo;

import org.jspecify.annotations.NullMarked;
