/** Tests of the training example. */
@NullMarked
package dev.temper.tools.train;

import org.jspecify.annotations.NullMarked;
