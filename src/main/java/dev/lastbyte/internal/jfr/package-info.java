/**
 * The events for JDK Flight Recorder. They know nobody: what they say is filled in by who knows it. A JVM without the module {@code jdk.jfr}
 * loads none of them but {@link dev.lastbyte.internal.jfr.Recording}.
 */
@NullMarked
package dev.lastbyte.internal.jfr;

import org.jspecify.annotations.NullMarked;
