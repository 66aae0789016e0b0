/**
 * This package binds NVIDIA's driver API. {@link dev.temper.cuda.driver.CudaDriver} loads the driver and lists the
 * devices, before JCuda is used; {@code Driver}, {@code DriverMemory}, {@code DriverStreams}, {@code DriverCall} and
 * {@code JCudaObjects} are the only classes that use JCuda.
 *
 * <p>The package calls {@code dev.temper}, {@code dev.temper.diagnostics}, {@code dev.temper.ffm} and {@code
 * dev.temper.kernel} only.
 */
@NullMarked
package dev.temper.cuda.driver;

import org.jspecify.annotations.NullMarked;
