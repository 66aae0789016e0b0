/**
 * The CPU engine measured beside PyTorch: JMH benchmarks of one operation each, the groups in which they run, and the files,
 * tables and plots made from them and from what was measured on a GPU. Calls Temper's public API, its measuring room, and the
 * T^2 study of its verification, nothing else of it.
 */
@NullMarked
package dev.temper.benchmarks;

import org.jspecify.annotations.NullMarked;
