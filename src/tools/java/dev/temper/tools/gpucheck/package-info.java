/**
 * Everything that needs a GPU, in one command: a list of steps ({@link dev.temper.tools.gpucheck.GpuPlan}), each a process with a time
 * limit ({@link dev.temper.tools.gpucheck.StepRun}), and one JSON document of what came of them ({@link dev.temper.tools.gpucheck.GpuReport}).
 *
 * <p>Calls the command line's verbs as processes, so that a crash or a hang of one costs that one alone; of the rooms it knows
 * {@code dev.temper.io} only.
 */
@NullMarked
package dev.temper.tools.gpucheck;

import org.jspecify.annotations.NullMarked;
