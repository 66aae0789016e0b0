package dev.temper.tools.train;

import java.lang.foreign.Arena;

/** Weights of a model with the gradient that the last backward pass gave them. */
record Parameter(Matrix value, Matrix gradient) {

  static Parameter of(Arena arena, int rows, int columns) {
    return new Parameter(Matrix.zeros(arena, rows, columns), Matrix.zeros(arena, rows, columns));
  }
}
