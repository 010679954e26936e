/**
 * How a bench tells what it measured: rounds, samples, targets, and the tables and pictures of them. Knows no bench.
 */
@NullMarked
package dev.lastbyte.bench.report;

import org.jspecify.annotations.NullMarked;
