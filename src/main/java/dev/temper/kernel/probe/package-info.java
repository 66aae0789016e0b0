/**
 * This package holds the self-checks of the device functions that the kernels use: conversions, exponentials, exchanges
 * between threads and within clusters. {@link dev.temper.kernel.probe.DeviceFunctions} lists them.
 *
 * <p>The package calls {@code dev.temper.diagnostics}, {@code dev.temper.kernel.spec}, {@code dev.temper.kernel.plan}
 * and {@code dev.temper.kernel.device} only.
 */
@NullMarked
package dev.temper.kernel.probe;

import org.jspecify.annotations.NullMarked;
