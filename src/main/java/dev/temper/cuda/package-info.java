/**
 * The CUDA engine: {@link dev.temper.cuda.CudaKernelDevice} runs the kernels, over one room for each library of NVIDIA's.
 *
 * <p>May call {@code dev.temper.cuda.driver}, {@code nvrtc}, {@code cublas} and {@code dev.temper.kernel} with its rooms; calls no
 * other engine.
 */
@NullMarked
package dev.temper.cuda;

import org.jspecify.annotations.NullMarked;
