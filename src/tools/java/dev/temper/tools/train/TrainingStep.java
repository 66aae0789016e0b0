package dev.temper.tools.train;

import dev.temper.LossTotals;

/**
 * The result of one step of training.
 *
 * @param number number of the step; the first is 1
 * @param totals loss of the batch before the step
 * @param nanos time of the whole step
 * @param lossNanos time of the loss and its gradient; of a fused head with its products
 * @param logitBytes memory of all logits and their gradient, those of a teacher that is given by logits among them
 */
record TrainingStep(int number, LossTotals totals, long nanos, long lossNanos, long logitBytes) {}
