/**
 * This package holds the CUDA sources as resources, {@link dev.temper.kernel.code.KernelSource}, and the disk cache of
 * the code compiled from them, {@link dev.temper.kernel.code.DiskCache}.
 *
 * <p>The package serves compilers and calls no other package.
 */
@NullMarked
package dev.temper.kernel.code;

import org.jspecify.annotations.NullMarked;
