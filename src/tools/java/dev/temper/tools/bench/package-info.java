/**
 * This package measures on hosts and devices: the copy rate of the memory, batches larger than the caches, warm-up and
 * quantiles, a check that the machine was quiet, and the document of the results. {@code temper bench} and the suites
 * under {@code benchmarks/} share this package, so that their numbers are comparable.
 *
 * <p>The package calls the public API, its diagnostics, {@code tools.files} and {@code tools.process}. It prints
 * nothing, except for the process that {@link dev.temper.tools.bench.FirstCall} starts, and writes no files.
 */
@NullMarked
package dev.temper.tools.bench;

import org.jspecify.annotations.NullMarked;
