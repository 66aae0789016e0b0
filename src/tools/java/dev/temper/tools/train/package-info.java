/**
 * The example: a small language model distilled from a larger one, from the raw words to a table of held-out numbers.
 *
 * <p>{@link dev.temper.tools.train.ModelTraining} is the file to copy for one's own training: it uses the public API of
 * {@code dev.temper} and nothing else of the library. The models ({@link dev.temper.tools.train.LanguageModel}), the
 * optimiser and the matrix products around it are as small as they can be. The room calls the public API with {@code
 * dev.temper.io}, the products of the CPU engine and, as an oracle, the reference engine by its name; it writes numbers
 * as {@code tools.files} does, and it does not use the command line.
 */
@NullMarked
package dev.temper.tools.train;

import org.jspecify.annotations.NullMarked;
