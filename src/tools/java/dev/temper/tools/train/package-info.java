/**
 * This package is a complete example: a small language model is distilled from a larger one, from the raw words to a
 * table of results on held-out words.
 *
 * <p>{@link dev.temper.tools.train.ModelTraining} is the file to copy for one's own training: it uses the public API of
 * {@code dev.temper} and nothing else of the library. The models ({@link dev.temper.tools.train.LanguageModel}), the
 * optimiser and the matrix products around it are as small as possible. The package calls the public API, {@code
 * dev.temper.io}, the products of the CPU engine, {@code tools.files} and, as an oracle, the reference engine by its
 * name.
 */
@NullMarked
package dev.temper.tools.train;

import org.jspecify.annotations.NullMarked;
