/**
 * Native libraries through Java's foreign function interface: {@link dev.temper.ffm.SharedLibrary} loads one and binds
 * its functions.
 *
 * <p>Calls no other package.
 */
@NullMarked
package dev.temper.ffm;

import org.jspecify.annotations.NullMarked;
