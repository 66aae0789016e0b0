/**
 * The checks that need a GPU, in one command: a list of steps ({@link dev.temper.tools.gpucheck.GpuPlan}), each a
 * process with a time limit ({@link dev.temper.tools.gpucheck.StepRun}), and one JSON document of the results
 * ({@link dev.temper.tools.gpucheck.GpuReport}).
 *
 * <p>Runs the verbs of the command line as processes, so that a crash or a hang ends one step only. Calls
 * {@code dev.temper.io}, {@code dev.temper.diagnostics}, and of the tools {@code files}, {@code process} and the groups
 * of {@code verify}.
 */
@NullMarked
package dev.temper.tools.gpucheck;

import org.jspecify.annotations.NullMarked;
