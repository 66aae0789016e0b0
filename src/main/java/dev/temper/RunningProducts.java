package dev.temper;

import dev.temper.diagnostics.HeadProducts;
import dev.temper.spi.Products;
import dev.temper.spi.Products.Operand;

/** The products of an open engine. */
record RunningProducts(Products products) implements HeadProducts {

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
