/**
 * What the CUDA kernels are, whoever compiles and runs them: their instances ({@link dev.temper.kernel.Specialisation}), how rows
 * are spread over threads ({@link dev.temper.kernel.RowPlans} chooses), the structs that they take and leave, and the list of
 * instances that gates compile.
 *
 * <p>The rooms beside it: {@code code}, from sources to code on disk and in the process; {@code device}, what a host of the
 * kernels offers; {@code probe}, checks of single device functions; {@code run}, the engine. This one knows none of them. May call
 * {@code dev.temper} and {@code dev.temper.spi}; knows no engine.
 */
@NullMarked
package dev.temper.kernel;

import org.jspecify.annotations.NullMarked;
