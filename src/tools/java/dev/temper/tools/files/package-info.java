/**
 * Files of tensors that the tools read and write: safetensors, NumPy's npy and npz, and JSON. NumPy's default types are
 * converted on reading; output files appear whole or not at all.
 *
 * <p>May call {@code dev.temper} and {@code dev.temper.io}.
 */
@NullMarked
package dev.temper.tools.files;

import org.jspecify.annotations.NullMarked;
