/**
 * What a host of the kernels offers: memory, launches in order, and a way back for results
 * ({@link dev.temper.kernel.device.KernelDevice}). The CUDA device and the emulator are the two.
 *
 * <p>May call {@code dev.temper} and {@code dev.temper.kernel}.
 */
@NullMarked
package dev.temper.kernel.device;

import org.jspecify.annotations.NullMarked;
