/**
 * This package reads tensors of safetensors files without a copy, writes such files, and saves the lists of top-k
 * teachers in them.
 *
 * <p>Every number in a file is checked before its use. A fault in the content throws an {@link
 * java.lang.IllegalArgumentException} that names the file and the cause.
 *
 * <p>The package calls {@code dev.temper} and {@code dev.temper.internal}, and no library but Java's own.
 */
@NullMarked
package dev.temper.io;

import org.jspecify.annotations.NullMarked;
