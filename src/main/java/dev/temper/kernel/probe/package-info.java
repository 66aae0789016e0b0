/**
 * Checks of the functions from which the kernels are made, on the device itself: conversions, exponentials, exchanges between
 * threads and within clusters ({@link dev.temper.kernel.probe.DeviceFunctions}). A loss uses them together and cannot tell them
 * apart.
 *
 * <p>May call {@code dev.temper}, {@code dev.temper.kernel} and {@code dev.temper.kernel.device}.
 */
@NullMarked
package dev.temper.kernel.probe;

import org.jspecify.annotations.NullMarked;
