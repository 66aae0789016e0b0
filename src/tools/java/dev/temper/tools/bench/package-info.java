/**
 * How things are measured, on the host and on devices: the copy rate of the memory, batches that no cache holds, warm-up and
 * spread, a check that the machine was quiet, and the record of what ran where. Shared by {@code temper bench} and by the suites under
 * {@code benchmarks/}, so that both mean the same by a number.
 *
 * <p>This package calls the public API only; it prints nothing and writes no files, but for the
 * process that {@link dev.temper.tools.bench.FirstCall} starts.
 */
@NullMarked
package dev.temper.tools.bench;

import org.jspecify.annotations.NullMarked;
