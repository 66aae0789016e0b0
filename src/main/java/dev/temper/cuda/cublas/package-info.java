/**
 * NVIDIA's cuBLAS: a search for the library.
 *
 * <p>May call {@code dev.temper.diagnostics} and {@code dev.temper.ffm}.
 */
@NullMarked
package dev.temper.cuda.cublas;

import org.jspecify.annotations.NullMarked;
