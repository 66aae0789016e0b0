@NullMarked
package dev.temper.benchmarks;

import org.jspecify.annotations.NullMarked;
