/**
 * From sources to code: the CUDA sources as resources ({@link dev.temper.kernel.code.KernelSource}), the disk cache of what was
 * compiled from them ({@link dev.temper.kernel.code.DiskCache}), and shared libraries with the loader's own words
 * ({@link dev.temper.kernel.code.SharedLibrary}).
 *
 * <p>For compilers. Calls no other room.
 */
@NullMarked
package dev.temper.kernel.code;

import org.jspecify.annotations.NullMarked;
