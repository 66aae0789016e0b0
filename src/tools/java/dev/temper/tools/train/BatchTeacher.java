package dev.temper.tools.train;

import dev.temper.Teacher;

/** The source of the teacher of each batch, from which a student learns besides the labels. */
@FunctionalInterface
interface BatchTeacher extends AutoCloseable {

  /** The teacher of the rows of a batch; valid until the next call. */
  Teacher of(WordBatch batch);

  /** A teacher whose model computes its logits for each batch. */
  static BatchTeacher model(LanguageModel model) {
    return batch -> Teacher.logits(model.forward(batch).view());
  }

  /** A teacher whose model ends at its hidden states, for a student with a fused head. */
  static BatchTeacher hidden(LanguageModel model) {
    return batch -> Teacher.hidden(model.hidden(batch).view(), model.head());
  }

  @Override
  default void close() {}
}
