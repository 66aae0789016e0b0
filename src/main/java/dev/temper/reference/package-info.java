/**
 * The losses in f64: plain loops, one row at a time, in the order of the formulas. It is the oracle that every engine is
 * measured against and the engine of last resort ({@code reference}); it is slow, and never wrong by more than rounding in
 * f64.
 *
 * <p>It covers every {@link dev.temper.Divergence} and option, shares no code with any other engine, and calls nothing but
 * {@link dev.temper} and {@link dev.temper.spi}. Transcendental functions are those of {@link java.lang.StrictMath}, so that
 * the oracle has the same bits on every machine.
 *
 * <p>Entry points: {@link dev.temper.reference.ReferenceLoss} for a batch in the caller's memory, {@link
 * dev.temper.reference.ReferenceRow} for one row of doubles, {@link dev.temper.reference.Elements} for rounding to f32,
 * bf16 and f16.
 */
@NullMarked
package dev.temper.reference;

import org.jspecify.annotations.NullMarked;
