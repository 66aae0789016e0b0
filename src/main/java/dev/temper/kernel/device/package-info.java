/**
 * This package holds the interface of a device that runs kernels, {@link dev.temper.kernel.device.KernelDevice}:
 * memory, launches in the order of a stream, and mapped result slots. The CUDA device and the emulator implement it.
 *
 * <p>The package calls {@code dev.temper}, {@code dev.temper.diagnostics}, {@code dev.temper.spi}, {@code
 * dev.temper.kernel.spec} and {@code dev.temper.kernel.plan} only.
 */
@NullMarked
package dev.temper.kernel.device;

import org.jspecify.annotations.NullMarked;
