/**
 * The CPU engine and PyTorch, measured by JMH: benchmarks of one operation each, the groups in which they run, and
 * files, tables and plots of their results and of those of GPUs. Calls Temper's public API, and of its tools
 * {@code bench}, {@code files} and the temperature study of {@code verify}.
 */
@NullMarked
package dev.temper.benchmarks;

import org.jspecify.annotations.NullMarked;
