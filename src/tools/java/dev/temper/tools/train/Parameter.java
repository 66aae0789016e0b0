package dev.temper.tools.train;

import java.lang.foreign.Arena;

/** Weights of a model, and their gradient from the last backward pass. */
record Parameter(Matrix value, Matrix gradient) {

  static Parameter of(Arena arena, int rows, int columns) {
    return new Parameter(Matrix.zeros(arena, rows, columns), Matrix.zeros(arena, rows, columns));
  }
}
