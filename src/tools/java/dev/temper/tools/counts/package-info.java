/**
 * This package analyses compiled kernels on a machine without a GPU. {@link dev.temper.tools.counts.ResourceTable}
 * prints registers, spills, shared memory and the instructions of each loop. {@link
 * dev.temper.tools.counts.ExecutedTable} prints the instructions that a row executes, and {@link
 * dev.temper.tools.counts.WarmStart} the time of a warm start.
 *
 * <p>The package calls {@code dev.temper.cuda.nvrtc} and {@code dev.temper.kernel}, and the tools' packages {@code
 * files} and {@code process}.
 */
@NullMarked
package dev.temper.tools.counts;

import org.jspecify.annotations.NullMarked;
