/**
 * This package describes the kernels: their specialisations ({@link dev.temper.kernel.spec.Specialisation}), the
 * structs that they read and write, and the list of specialisations that a build compiles.
 *
 * <p>The package calls {@code dev.temper}, {@code dev.temper.spi}, {@code dev.temper.spi.layout} and {@code
 * dev.temper.kernel.plan} only.
 */
@NullMarked
package dev.temper.kernel.spec;

import org.jspecify.annotations.NullMarked;
