/**
 * How rows are spread over threads, warps, blocks and clusters, and where a row is stored meanwhile
 * ({@link dev.temper.kernel.plan.RowPlans} chooses).
 *
 * <p>Calls no other room.
 */
@NullMarked
package dev.temper.kernel.plan;

import org.jspecify.annotations.NullMarked;
