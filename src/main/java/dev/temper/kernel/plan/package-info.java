/**
 * This package plans how rows are spread over threads, warps, blocks and clusters, and where a row is stored between
 * two sweeps. {@link dev.temper.kernel.plan.RowPlans} chooses the plan.
 *
 * <p>The package calls no other package.
 */
@NullMarked
package dev.temper.kernel.plan;

import org.jspecify.annotations.NullMarked;
