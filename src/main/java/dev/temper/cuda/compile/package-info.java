/**
 * From a CUDA source and its definitions to code for one device: NVIDIA's run-time compiler NVRTC, found on the machine and
 * called through the foreign function interface, and the disk cache that makes a warm start do without it.
 *
 * <p>{@link dev.temper.cuda.compile.KernelCompiler} is the way in. Two commands need no device: {@link
 * dev.temper.cuda.compile.ResourceTable} tells what kernels occupy, {@link dev.temper.cuda.compile.WarmStart} what a start takes.
 *
 * <p>May call {@code dev.temper.kernel} and {@code dev.temper.kernel.code}; needs no CUDA driver and no GPU.
 */
@NullMarked
package dev.temper.cuda.compile;

import org.jspecify.annotations.NullMarked;
