/**
 * Reading tensors from safetensors files, without copying them.
 *
 * <p>Every number in a file is checked before it is used. A fault in a file's content is an {@link
 * java.lang.IllegalArgumentException} that names the file and the cause.
 *
 * <p>May call {@code dev.temper}, and no library but Java's own.
 */
@NullMarked
package dev.temper.io;

import org.jspecify.annotations.NullMarked;
