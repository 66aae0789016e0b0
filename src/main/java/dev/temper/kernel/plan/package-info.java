/**
 * How rows are spread over threads, warps, blocks and clusters, and where a row is stored between the sweeps over it
 * ({@link dev.temper.kernel.plan.RowPlans} chooses).
 *
 * <p>Calls no other package.
 */
@NullMarked
package dev.temper.kernel.plan;

import org.jspecify.annotations.NullMarked;
