/**
 * This package computes the losses in f64 with plain loops over one row at a time, in the order of the formulas. Every
 * engine is measured against it, and {@code auto} opens it if no other engine is usable.
 *
 * <p>The reference covers every {@link dev.temper.Divergence} and option, and it shares no code with any other engine.
 * It calls {@link dev.temper} and {@link dev.temper.spi} only.
 *
 * <p>The transcendental functions are those of {@link java.lang.StrictMath}. The results therefore have the same bits
 * on every machine.
 *
 * <p>The entry points are {@link dev.temper.reference.ReferenceLoss} for a batch in host memory, {@link
 * dev.temper.reference.ReferenceRow} for one row of doubles and {@link dev.temper.reference.Elements} for rounding to
 * f32, bf16 and f16.
 */
@NullMarked
package dev.temper.reference;

import org.jspecify.annotations.NullMarked;
