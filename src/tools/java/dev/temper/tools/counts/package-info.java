/**
 * Counts from compiled kernels on a machine without a GPU: registers, spills, shared memory and the instructions of
 * each loop ({@link dev.temper.tools.counts.ResourceTable}), those that a row executes
 * ({@link dev.temper.tools.counts.ExecutedTable}), and the time of a warm start
 * ({@link dev.temper.tools.counts.WarmStart}).
 *
 * <p>May call {@code dev.temper.cuda.nvrtc} and {@code dev.temper.kernel}, and of the tools {@code files} and
 * {@code process}.
 */
@NullMarked
package dev.temper.tools.counts;

import org.jspecify.annotations.NullMarked;
