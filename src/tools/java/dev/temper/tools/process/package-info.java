/**
 * Java programs in processes of their own.
 *
 * <p>Calls no other room.
 */
@NullMarked
package dev.temper.tools.process;

import org.jspecify.annotations.NullMarked;
