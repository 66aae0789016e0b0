/**
 * What the two hosts of the CUDA sources share: the sources as resources ({@link dev.temper.kernel.KernelSource}), and the
 * disk cache of what was compiled from them ({@link dev.temper.kernel.DiskCache}).
 *
 * <p>May call {@code dev.temper} and {@code dev.temper.spi}; knows no engine.
 */
@NullMarked
package dev.temper.kernel;

import org.jspecify.annotations.NullMarked;
