/**
 * The emulator: it verifies the CUDA sources on the CPU, slowly. The machine's C++ compiler compiles them for a runtime
 * that runs the threads of a GPU as fibers ({@code native/cuda-host}). The engine is that of a GPU
 * ({@link dev.temper.kernel.run.KernelEngine}).
 *
 * <p>May call {@code dev.temper}, {@code dev.temper.diagnostics}, {@code dev.temper.spi}, {@code dev.temper.ffm} and
 * {@code dev.temper.kernel}; calls no other engine.
 */
@NullMarked
package dev.temper.emulator;

import org.jspecify.annotations.NullMarked;
