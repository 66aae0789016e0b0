/**
 * What an engine implements to be found by {@link dev.temper.LossEngine#open(String)}. Calls arrive here checked: shapes,
 * dtypes, sizes, overlaps and options have been validated by {@link dev.temper.LossEngine}; what depends on the values in
 * the caller's memory (labels, row weights, row temperatures) is the engine's to check.
 */
@NullMarked
package dev.temper.spi;

import org.jspecify.annotations.NullMarked;
