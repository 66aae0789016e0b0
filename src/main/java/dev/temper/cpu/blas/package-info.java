/**
 * This package multiplies matrices in host memory with OpenBLAS, which is an optional dependency.
 *
 * <p>The package calls {@code dev.temper}, {@code dev.temper.spi} and {@code dev.temper.ffm} only.
 */
@NullMarked
package dev.temper.cpu.blas;

import org.jspecify.annotations.NullMarked;
