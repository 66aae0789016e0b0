/**
 * This package binds NVIDIA's cuBLAS. {@link dev.temper.cuda.cublas.CublasProducts} multiplies matrices in a stream,
 * through JCublas if libcublas.so.12 loads, and through the foreign function interface otherwise. {@code JCublas} is
 * the only class that uses jcublas.
 *
 * <p>The package calls {@code dev.temper}, {@code dev.temper.diagnostics}, {@code dev.temper.spi}, {@code
 * dev.temper.ffm}, {@code dev.temper.kernel.device}, {@code dev.temper.cuda.driver} and {@code dev.temper.cuda.toolkit}
 * only.
 */
@NullMarked
package dev.temper.cuda.cublas;

import org.jspecify.annotations.NullMarked;
