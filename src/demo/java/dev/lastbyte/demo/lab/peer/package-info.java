/** The peers of the lab: each kind is a script that plays one connection and notes what it sees. Runs them in this JVM or in one of another network namespace. */
@NullMarked
package dev.lastbyte.demo.lab.peer;

import org.jspecify.annotations.NullMarked;
