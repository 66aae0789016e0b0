/**
 * This package holds the emulator, which verifies the CUDA sources on the CPU, slowly. The machine's C++ compiler
 * compiles the sources for a runtime that runs the threads of a GPU as fibers ({@code native/cuda-host}). The engine
 * class is the one of a GPU, {@link dev.temper.kernel.run.KernelEngine}.
 *
 * <p>The package calls {@code dev.temper}, {@code dev.temper.diagnostics}, {@code dev.temper.spi}, {@code
 * dev.temper.ffm} and {@code dev.temper.kernel}. It calls no other engine.
 */
@NullMarked
package dev.temper.emulator;

import org.jspecify.annotations.NullMarked;
