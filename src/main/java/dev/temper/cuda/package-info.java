/**
 * The CUDA engine. What is here finds out whether there is a driver and a device ({@link dev.temper.cuda.CudaDriver}), before
 * anything else touches them, and tells users why not.
 *
 * <p>May call {@code dev.temper.cuda.compile} and {@code dev.temper.kernel}; knows no other engine.
 */
@NullMarked
package dev.temper.cuda;

import org.jspecify.annotations.NullMarked;
