/**
 * This package holds the structs of {@code kernels/parameters.h} as Java layouts. The CPU engine and every engine with
 * kernels write parameters and read results through it.
 *
 * <p>The package calls the API and {@code dev.temper.spi} only.
 */
@NullMarked
package dev.temper.spi.layout;

import org.jspecify.annotations.NullMarked;
