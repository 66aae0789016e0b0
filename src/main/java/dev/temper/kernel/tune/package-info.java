/**
 * Row plans that were measured on a device: the file of them ({@link dev.temper.kernel.tune.PlanFile}), and those that
 * an engine uses ({@link dev.temper.kernel.tune.TunedPlans}). {@code RowPlans} has the plans of all other rows.
 *
 * <p>May call {@code dev.temper}, {@code dev.temper.diagnostics} and the kernels' packages {@code spec}, {@code plan},
 * {@code code} and {@code device}.
 */
@NullMarked
package dev.temper.kernel.tune;

import org.jspecify.annotations.NullMarked;
