/**
 * The emulator: the CUDA sources compiled by the machine's C++ compiler for a runtime that plays the threads of a GPU on the CPU
 * ({@code native/cuda-host}), under the same engine as on a GPU ({@link dev.temper.kernel.run.KernelEngine}). It verifies, it is not
 * fast.
 *
 * <p>May call {@code dev.temper.kernel} and its rooms; knows no other engine.
 */
@NullMarked
package dev.temper.emulator;

import org.jspecify.annotations.NullMarked;
