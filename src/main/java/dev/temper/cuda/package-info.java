/**
 * The CUDA engine. {@link dev.temper.cuda.CudaDriver} finds out whether there is a driver and a device, before anything else
 * touches them; {@link dev.temper.cuda.CudaKernelDevice} runs the kernels, over {@link dev.temper.cuda.Driver}, the only class
 * that knows JCuda.
 *
 * <p>May call {@code dev.temper.cuda.compile} and {@code dev.temper.kernel} with its rooms; knows no other engine.
 */
@NullMarked
package dev.temper.cuda;

import org.jspecify.annotations.NullMarked;
