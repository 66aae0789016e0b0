package dev.temper.tools.verify;

import dev.temper.ChunkLogits;
import dev.temper.DType;

/**
 * A case of a linear head. The layout of {@code loss} holds the number of classes, the padding of both heads and their
 * dtypes.
 *
 * @param loss group, name, loss and options; its logits are not used if they come from hidden states
 * @param features features of the student
 * @param teacherFeatures features of the teacher; 0 for a teacher that is given by logits
 * @param hasBias whether both heads have a bias
 * @param gradient dtype of the gradients
 * @param chunkRows rows of a chunk
 * @param chunkLogits how the logits of a chunk are stored
 */
record HeadCase(Case loss, int features, int teacherFeatures, boolean hasBias, DType gradient, int chunkRows,
    ChunkLogits chunkLogits) {

  /** Returns a case with bias, whose gradients have the dtype of the head. */
  static HeadCase of(Case loss, int features, int teacherFeatures, int chunkRows) {
    return new HeadCase(loss, features, teacherFeatures, true, loss.layout().student(), chunkRows, ChunkLogits.F32);
  }

  HeadCase withoutBias() {
    return new HeadCase(loss, features, teacherFeatures, false, gradient, chunkRows, chunkLogits);
  }

  HeadCase withGradient(DType value) {
    return new HeadCase(loss, features, teacherFeatures, hasBias, value, chunkRows, chunkLogits);
  }

  HeadCase with(ChunkLogits value) {
    return new HeadCase(loss, features, teacherFeatures, hasBias, gradient, chunkRows, value);
  }

  boolean hasTeacherStates() {
    return teacherFeatures > 0 && loss.loss().softWeight() > 0;
  }

  int rows() {
    return loss.layout().rows();
  }

  int columns() {
    return loss.layout().studentColumns();
  }

  /** Bytes of a workspace in which a chunk has {@code chunkRows} rows. */
  long workspace() {
    Layout layout = loss.layout();
    long perRow = (long) columns() * stored(layout.student()).bytes();
    perRow += hasTeacherStates() ? (long) layout.teacherColumns() * stored(layout.teacher()).bytes() : 0;
    perRow += stored(layout.student()) == layout.student() ? 0 : (long) columns() * layout.student().bytes();
    perRow += hasBias ? layout.student().bytes() : 0;
    perRow += hasBias && hasTeacherStates() ? layout.teacher().bytes() : 0;
    return 5 * 256 + chunkRows * perRow;
  }

  /** The dtype of the logits of a chunk. */
  DType stored(DType head) {
    return chunkLogits == ChunkLogits.F32 ? DType.F32 : head;
  }
}
