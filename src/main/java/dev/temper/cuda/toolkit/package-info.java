/**
 * This package searches for NVIDIA's libraries. {@link dev.temper.cuda.toolkit.LibraryPlaces} lists where a library may
 * be.
 *
 * <p>The package calls no other package.
 */
@NullMarked
package dev.temper.cuda.toolkit;

import org.jspecify.annotations.NullMarked;
