/**
 * The losses of other toolkits as operators of PyTorch: the numbers that {@code docs/coming-from.md} is tested against.
 */
@NullMarked
package dev.temper.benchmarks.toolkits;

import org.jspecify.annotations.NullMarked;
