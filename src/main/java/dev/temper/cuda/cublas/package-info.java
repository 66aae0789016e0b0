/**
 * NVIDIA's cuBLAS: whether it can be loaded here.
 *
 * <p>May call {@code dev.temper.diagnostics} and {@code dev.temper.ffm}.
 */
@NullMarked
package dev.temper.cuda.cublas;

import org.jspecify.annotations.NullMarked;
