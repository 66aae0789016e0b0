package dev.temper.tools.train;

import dev.temper.LossTotals;

/**
 * What one step of training gave.
 *
 * @param number 1 for the first
 * @param totals loss of the batch before the step
 * @param nanos of the whole step
 * @param lossNanos of it in the loss and its gradient
 */
record Step(int number, LossTotals totals, long nanos, long lossNanos) {}
