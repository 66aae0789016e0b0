/**
 * Counts from compiled kernels, for a machine without a GPU: registers, spills, shared memory and instructions of each loop
 * ({@link dev.temper.tools.counts.ResourceTable}), and the time that a warm start takes ({@link dev.temper.tools.counts.WarmStart}).
 *
 * <p>May call {@code dev.temper.cuda.nvrtc} and {@code dev.temper.kernel}.
 */
@NullMarked
package dev.temper.tools.counts;

import org.jspecify.annotations.NullMarked;
