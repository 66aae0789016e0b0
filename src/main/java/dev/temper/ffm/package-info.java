/**
 * This package loads native libraries through Java's foreign function interface. {@link dev.temper.ffm.SharedLibrary}
 * loads a library and binds its functions.
 *
 * <p>The package calls no other package.
 */
@NullMarked
package dev.temper.ffm;

import org.jspecify.annotations.NullMarked;
