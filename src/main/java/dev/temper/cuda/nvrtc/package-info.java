/**
 * This package binds NVIDIA's run-time compiler NVRTC through the foreign function interface. {@link
 * dev.temper.cuda.nvrtc.KernelCompiler} compiles a CUDA source with its macros for one device, or reads the code from
 * the disk cache.
 *
 * <p>The package calls {@code dev.temper.ffm}, {@code dev.temper.kernel.spec}, {@code dev.temper.kernel.plan}, {@code
 * dev.temper.kernel.code} and {@code dev.temper.cuda.toolkit} only. It needs no CUDA driver and no GPU.
 */
@NullMarked
package dev.temper.cuda.nvrtc;

import org.jspecify.annotations.NullMarked;
