/**
 * This package holds the multi-threaded CPU engine. One call of a loss is one call of the native library {@code
 * native/cpu} through the foreign function API.
 *
 * <p>The engine shares the divergences of {@code kernels/divergence} with the CUDA kernels. The package calls the API,
 * {@code dev.temper.diagnostics}, {@code dev.temper.spi}, {@code dev.temper.ffm}, {@code dev.temper.internal} and
 * {@code dev.temper.cpu.blas} only.
 */
@NullMarked
package dev.temper.cpu;

import org.jspecify.annotations.NullMarked;
