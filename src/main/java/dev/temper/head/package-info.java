/**
 * This package holds the linear head: the loss and all gradients of hidden states, without the logits of all rows. It
 * is a loop over chunks of rows. A chunk is a matrix product, the row loss of an engine, and the products back.
 *
 * <p>The loop is the same for every engine. Products are {@link dev.temper.spi.Products} of the engine, and row losses
 * are {@link dev.temper.spi.ChunkedLoss} of the engine. The package calls {@code dev.temper} and {@code dev.temper.spi}
 * only.
 */
@NullMarked
package dev.temper.head;

import org.jspecify.annotations.NullMarked;
