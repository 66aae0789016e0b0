/**
 * This package reads files of tensors: safetensors and NumPy's npy and npz, whose default types are converted. It also
 * reads and writes JSON.
 *
 * <p>The package calls {@code dev.temper} and {@code dev.temper.io} only.
 */
@NullMarked
package dev.temper.tools.files;

import org.jspecify.annotations.NullMarked;
