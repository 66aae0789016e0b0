/**
 * The CUDA engine. {@link dev.temper.cuda.CudaKernelDevice} runs the kernels; there is one subpackage for each library
 * of NVIDIA's.
 *
 * <p>May call {@code dev.temper}, {@code dev.temper.diagnostics}, {@code dev.temper.spi}, {@code dev.temper.ffm},
 * {@code dev.temper.kernel} and the subpackages; calls no other engine.
 */
@NullMarked
package dev.temper.cuda;

import org.jspecify.annotations.NullMarked;
