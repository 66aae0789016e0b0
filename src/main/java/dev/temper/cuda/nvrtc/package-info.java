/**
 * NVIDIA's run-time compiler NVRTC, called through the foreign function interface: from a CUDA source and its macros to machine code
 * for one device, and the disk cache by which a warm start needs no compiler.
 *
 * <p>{@link dev.temper.cuda.nvrtc.KernelCompiler} is the way in. May call {@code dev.temper.ffm}, {@code dev.temper.kernel.spec},
 * {@code dev.temper.kernel.plan} and {@code dev.temper.kernel.code}; needs no CUDA driver and no GPU.
 */
@NullMarked
package dev.temper.cuda.nvrtc;

import org.jspecify.annotations.NullMarked;
