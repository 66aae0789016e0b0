/**
 * This package holds the interfaces that an engine implements. {@link dev.temper.LossEngine#open(String)} finds an
 * engine by its provider.
 *
 * <p>{@link dev.temper.LossEngine} checks shapes, dtypes, sizes, overlaps and options before a call. The engine checks
 * the values in the caller's memory: labels, row weights, row temperatures, denominators, and the ids, row
 * indices, class maps and masses of teachers.
 *
 * <p>An engine declares its divergences and options as {@link dev.temper.spi.Capabilities}, which refuse every other
 * call by name.
 */
@NullMarked
package dev.temper.spi;

import org.jspecify.annotations.NullMarked;
