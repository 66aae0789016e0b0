/**
 * This package runs the kernels on a device, for the engine {@link dev.temper.kernel.run.KernelEngine}. There are four
 * parts:
 *
 * <ul>
 * <li>{@link dev.temper.kernel.run.DeviceQueue}: the stream lock and all open resources, such as buffers.
 * <li>{@link dev.temper.kernel.run.LossLaunch}: placed tensors, and a {@link dev.temper.kernel.run.LaunchSequence} of
 * separate steps: the check, the row losses, the totals. One kernel does all three if the rows are long and few.
 * <li>{@link dev.temper.kernel.run.ChunkedLaunch}: row losses of chunks between one check and one launch of the totals
 * of their {@link dev.temper.kernel.run.BatchLaunch}.
 * <li>{@link dev.temper.kernel.run.LossReadout}: the totals or the error of a report.
 * </ul>
 *
 * <p>The package calls {@code dev.temper}, {@code dev.temper.diagnostics}, {@code dev.temper.spi} and the kernels'
 * other packages. Only devices call {@code dev.temper.kernel.code}, because they compile.
 */
@NullMarked
package dev.temper.kernel.run;

import org.jspecify.annotations.NullMarked;
