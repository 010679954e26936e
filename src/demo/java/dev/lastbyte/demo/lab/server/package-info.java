/** The server of the lab: it answers, closes as the run wants, and says what its close reported. */
@NullMarked
package dev.lastbyte.demo.lab.server;

import org.jspecify.annotations.NullMarked;
