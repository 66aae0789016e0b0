package dev.temper.tools.train;

import dev.temper.RowVector;

/**
 * Examples for training or evaluation. Each row holds some consecutive words and the word that follows them.
 *
 * @param context words per row
 * @param words [rows, context], oldest word first
 * @param nextWords [rows]; {@link Examples#NO_LABEL} for a word outside the vocabulary
 * @param examples [rows], the number of each row's example
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; handed to the engine without a copy
record WordBatch(int context, int[] words, int[] nextWords, int[] examples) {

  int rows() {
    return nextWords.length;
  }

  int word(int row, int position) {
    return words[row * context + position];
  }

  RowVector labels() {
    return RowVector.labels(nextWords);
  }
}
