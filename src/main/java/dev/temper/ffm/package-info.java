/**
 * Loading a native library through Java's foreign function interface, with the loader's own reason when it fails.
 *
 * <p>Calls no other room.
 */
@NullMarked
package dev.temper.ffm;

import org.jspecify.annotations.NullMarked;
