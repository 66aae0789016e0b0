/**
 * Files: tensors in (safetensors, .npy, .npz), tensors and reports out, each written whole or not at all.
 *
 * <p>Every number in a file is checked before it is used. What is wrong with a file's content is an {@link
 * java.lang.IllegalArgumentException} that names the file and the cause. This package calls the public API only.
 */
@NullMarked
package dev.temper.io;

import org.jspecify.annotations.NullMarked;
