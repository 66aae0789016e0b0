package dev.temper;

/**
 * The numbers of one batch.
 *
 * @param total {@code soft + hard}; NaN for {@link Reduction#NONE}, which has no total
 * @param soft the divergence, weighted and reduced; NaN for {@link Reduction#NONE}
 * @param hard the cross-entropy, weighted and reduced; NaN for {@link Reduction#NONE}
 * @param rows all rows
 * @param countedRows rows that are not ignored
 * @param nonFiniteRows counted rows whose loss is infinite or NaN
 */
public record LossTotals(double total, double soft, double hard, long rows, long countedRows, long nonFiniteRows) {}
