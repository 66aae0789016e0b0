package dev.temper.spi;

import dev.temper.MatrixView;
import dev.temper.diagnostics.HeadProducts;
import dev.temper.spi.Products.Operand;

/**
 * The products of a linear head without its losses.
 *
 * @param products products of an engine, which {@link #close()} closes
 */
public record SeparateProducts(Products products) implements HeadProducts {

  @Override
  public String describe() {
    return products.describe();
  }

  @Override
  public void logits(MatrixView hidden, MatrixView weight, MatrixView logits) {
    products.multiply(1, Operand.of(hidden), Operand.transposed(weight), 0, logits);
  }

  @Override
  public void weightGradient(MatrixView gradient, MatrixView hidden, MatrixView result) {
    products.multiply(1, Operand.transposed(gradient), Operand.of(hidden), 0, result);
  }

  @Override
  public void hiddenGradient(MatrixView gradient, MatrixView weight, MatrixView result) {
    products.multiply(1, Operand.of(gradient), Operand.of(weight), 0, result);
  }

  @Override
  public void close() {
    products.close();
  }
}
