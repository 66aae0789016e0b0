/**
 * NVIDIA's driver API. {@link dev.temper.cuda.driver.CudaDriver} loads the driver and lists the devices, before JCuda
 * is used; {@link dev.temper.cuda.driver.Driver} is the only class that uses JCuda.
 *
 * <p>May call {@code dev.temper}, {@code dev.temper.diagnostics}, {@code dev.temper.ffm} and {@code dev.temper.kernel}.
 */
@NullMarked
package dev.temper.cuda.driver;

import org.jspecify.annotations.NullMarked;
