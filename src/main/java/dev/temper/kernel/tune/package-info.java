/**
 * This package holds the row plans that were measured on a device: their file, {@link dev.temper.kernel.tune.PlanFile},
 * and the plans that an engine uses, {@link dev.temper.kernel.tune.TunedPlans}. {@code RowPlans} has the plans of all
 * other rows.
 *
 * <p>The package calls {@code dev.temper}, {@code dev.temper.diagnostics} and the kernels' packages {@code spec},
 * {@code plan}, {@code code} and {@code device} only.
 */
@NullMarked
package dev.temper.kernel.tune;

import org.jspecify.annotations.NullMarked;
