/**
 * This package runs Java programs in new processes.
 *
 * <p>The package calls no other package.
 */
@NullMarked
package dev.temper.tools.process;

import org.jspecify.annotations.NullMarked;
