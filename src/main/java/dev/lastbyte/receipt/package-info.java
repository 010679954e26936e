/** The receipt of a drain: its report in sentences and in JSON, for the log and for a file that outlives the process. */
@NullMarked
package dev.lastbyte.receipt;

import org.jspecify.annotations.NullMarked;
