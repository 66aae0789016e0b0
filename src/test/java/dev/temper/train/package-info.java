/** Tests of the training example. */
@NullMarked
package dev.temper.train;

import org.jspecify.annotations.NullMarked;
