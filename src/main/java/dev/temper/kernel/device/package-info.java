/**
 * What the kernels need from a device: memory, launches in the order of a stream, and mapped result slots
 * ({@link dev.temper.kernel.device.KernelDevice}). The CUDA device and the emulator implement it.
 *
 * <p>May call {@code dev.temper}, {@code dev.temper.diagnostics}, {@code dev.temper.spi},
 * {@code dev.temper.kernel.spec} and {@code dev.temper.kernel.plan}.
 */
@NullMarked
package dev.temper.kernel.device;

import org.jspecify.annotations.NullMarked;
