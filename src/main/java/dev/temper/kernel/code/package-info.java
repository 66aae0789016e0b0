/**
 * From sources to code: the CUDA sources as resources ({@link dev.temper.kernel.code.KernelSource}) and the disk cache
 * of what was compiled from them ({@link dev.temper.kernel.code.DiskCache}).
 *
 * <p>For compilers. Calls no other room.
 */
@NullMarked
package dev.temper.kernel.code;

import org.jspecify.annotations.NullMarked;
