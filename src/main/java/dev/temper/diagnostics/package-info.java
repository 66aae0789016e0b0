/**
 * This package holds the values that benchmarks, verification and {@code temper doctor} read from an engine: facts of
 * the device, the footprint of a launch, the checks of single device functions, a stopwatch, and the row plans that
 * were measured.
 *
 * <p>The package uses types of {@code dev.temper} only.
 */
@NullMarked
package dev.temper.diagnostics;

import org.jspecify.annotations.NullMarked;
