/**
 * This package holds the CUDA engine. {@link dev.temper.cuda.CudaKernelDevice} runs the kernels; each library of NVIDIA
 * has a subpackage.
 *
 * <p>The package calls {@code dev.temper}, {@code dev.temper.diagnostics}, {@code dev.temper.spi}, {@code
 * dev.temper.ffm}, {@code dev.temper.kernel} and the subpackages. It calls no other engine.
 */
@NullMarked
package dev.temper.cuda;

import org.jspecify.annotations.NullMarked;
