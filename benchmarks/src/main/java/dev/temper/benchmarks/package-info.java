/**
 * The CPU engine measured beside PyTorch: JMH benchmarks of one operation each, the groups in which they run, and the files,
 * tables and plots made from them. Calls Temper's public API and its measuring room, nothing else of it.
 */
@NullMarked
package dev.temper.benchmarks;

import org.jspecify.annotations.NullMarked;
