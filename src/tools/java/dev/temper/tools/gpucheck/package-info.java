/**
 * This package runs the checks that need a GPU in one command: a list of steps ({@link
 * dev.temper.tools.gpucheck.GpuPlan}), each a process with a time limit ({@link dev.temper.tools.gpucheck.StepRun}),
 * and one JSON document of the results ({@link dev.temper.tools.gpucheck.GpuReport}).
 *
 * <p>The verbs of the command line run as processes, so that a crash or a hang ends one step only. The package calls
 * {@code dev.temper.io}, {@code dev.temper.diagnostics}, the tools' packages {@code files} and {@code process}, and the
 * groups of {@code verify}.
 */
@NullMarked
package dev.temper.tools.gpucheck;

import org.jspecify.annotations.NullMarked;
