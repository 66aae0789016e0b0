/**
 * Files of tensors that the tools read: safetensors, NumPy's npy and npz, whose default types are converted on reading;
 * and JSON, which they also write.
 *
 * <p>May call {@code dev.temper} and {@code dev.temper.io}.
 */
@NullMarked
package dev.temper.tools.files;

import org.jspecify.annotations.NullMarked;
