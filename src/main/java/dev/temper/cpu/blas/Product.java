package dev.temper.cpu.blas;

import dev.temper.spi.Products.Operand;

/** The product {@code alpha * left * right}. */
record Product(float alpha, Operand left, Operand right) {}
