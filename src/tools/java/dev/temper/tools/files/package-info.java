/**
 * Files of tensors that the tools read and write beside safetensors input: NumPy's npy and npz, safetensors output, JSON; output files
 * appear whole or not at all.
 *
 * <p>May call {@code dev.temper} and {@code dev.temper.io}.
 */
@NullMarked
package dev.temper.tools.files;

import org.jspecify.annotations.NullMarked;
