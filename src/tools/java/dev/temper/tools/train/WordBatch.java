package dev.temper.tools.train;

import dev.temper.RowVector;

/**
 * Examples to learn from or to be judged on: in each row the words before, and the word that follows.
 *
 * @param context words per row
 * @param words [rows, context], oldest word first
 * @param nextWords [rows]; {@link Examples#NO_LABEL} where the word is not in the vocabulary
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
