/**
 * Runs the kernels on a device: the engine ({@link dev.temper.kernel.run.KernelEngine}), which places tensors, launches in order,
 * and brings totals back.
 *
 * <p>May call {@code dev.temper}, {@code dev.temper.spi} and the kernels' other rooms but for {@code code}: what is compiled, and how,
 * is the device's affair.
 */
@NullMarked
package dev.temper.kernel.run;

import org.jspecify.annotations.NullMarked;
