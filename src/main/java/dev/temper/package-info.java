/**
 * The public API: what a distillation loss is ({@link dev.temper.DistillationLoss}), the memory it reads and writes
 * ({@link dev.temper.MatrixView}, {@link dev.temper.RowVector}) and the engine that computes it
 * ({@link dev.temper.LossEngine}).
 *
 * <p>This package knows no engine by name: engines are found through {@link dev.temper.spi.EngineProvider}. It calls
 * nothing else of the library.
 */
@NullMarked
package dev.temper;

import org.jspecify.annotations.NullMarked;
