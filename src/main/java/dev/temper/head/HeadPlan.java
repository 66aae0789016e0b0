package dev.temper.head;

import dev.temper.ChunkLogits;
import dev.temper.DType;
import dev.temper.HeadWorkspace;
import dev.temper.LinearHead;
import dev.temper.LossArgumentException;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.Teacher;
import dev.temper.spi.LossCall;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The number of rows of a chunk, and the place of each matrix in the workspace.
 *
 * @param rows rows of the batch
 * @param student logits of the student
 * @param teacher logits of the teacher; null unless it is given by hidden states
 * @param gradient gradient with respect to the student's logits; null if no gradient is wanted or if it replaces the
 *     logits
 * @param ones a column of ones in the student's dtype; null unless the head has a bias
 * @param teacherOnes a column of ones in the teacher's dtype; null unless its head has a bias
 * @param weightSum f32 sums of the gradient with respect to the weight; null if the products write the gradient
 * @param biasSum f32 sums of the gradient with respect to the bias; null if the products write the gradient
 * @param workspace sizes for the caller
 */
record HeadPlan(long rows, Region student, @Nullable Region teacher, @Nullable Region gradient,
    @Nullable Region ones, @Nullable Region teacherOnes, @Nullable Region weightSum, @Nullable Region biasSum,
    HeadWorkspace workspace) {

  /** Every matrix begins at a multiple of this, so that libraries can use aligned vectors. */
  private static final int ALIGNMENT = 256;

  /** Chunks have a multiple of this number of rows, which suits the tiles of matrix products. */
  private static final int ROW_MULTIPLE = 64;

  /** Regions of a chunk, each of which may need padding up to {@link #ALIGNMENT}. */
  private static final int REGIONS = 5;

  /**
   * The place of a matrix without gaps between its rows. The number of rows is that of a chunk, or of a gradient.
   *
   * @param offset bytes from the beginning of the workspace to the matrix
   */
  record Region(long offset, int columns, DType dtype) {

    long bytes(long rows) {
      return (rows * columns * dtype.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
  }

  /**
   * Plans a call.
   *
   * @param limit bytes that the chunks may use
   * @param products name of the library of the products
   * @throws LossArgumentException if one row needs more than the limit
   */
  static HeadPlan of(LossCall call, ChunkLogits chunkLogits, long limit, String products) {
    Widths widths = Widths.of(call, chunkLogits);
    long rows = call.inputs().student().rows();
    long perRow = widths.bytesPerRow();
    long padding = (long) REGIONS * ALIGNMENT;
    long most = (limit - padding) / perRow;
    if (most < 1) {
      throw new LossArgumentException("the head workspace is limited to ", limit, " bytes, but one row needs ",
          perRow + padding, "; allow more with EngineOptions.withHeadWorkspace");
    }
    long chunkRows = chunkRows(rows, most);
    return widths.place(rows, chunkRows, limit, products);
  }

  /** Returns the rows of the fewest chunks that fit, with chunks of equal size as far as possible. */
  private static long chunkRows(long rows, long most) {
    long chunks = Math.max(1, (rows + most - 1) / most);
    long equal = Math.max(1, (rows + chunks - 1) / chunks);
    long rounded = (equal + ROW_MULTIPLE - 1) / ROW_MULTIPLE * ROW_MULTIPLE;
    return chunks == 1 ? equal : Math.min(rounded, most);
  }

  /** Element type of the gradient with respect to the student's logits. */
  DType gradientDtype() {
    return gradient == null ? student.dtype() : gradient.dtype();
  }

  /** Number of chunks; an empty batch is one chunk without rows. */
  long chunks() {
    return workspace.chunks();
  }

  /** Rows of each chunk but the last; 1 or more. */
  long chunkRows() {
    return workspace.chunkRows();
  }

  /** All bytes, including the sums. */
  long bytes() {
    return workspace.bytes() + workspace.accumulatorBytes();
  }

  /** The columns and the dtype of each matrix of a chunk. An absent matrix has 0 columns. */
  private record Widths(int student, DType studentDtype, int teacher, DType teacherDtype, int gradient, DType dtype,
      int ones, int teacherOnes, DType teacherOnesDtype, LossOutputs outputs) {

    static Widths of(LossCall call, ChunkLogits chunkLogits) {
      LinearHead head = Objects.requireNonNull(call.inputs().head());
      LinearHead teacher = call.usesTeacher() && call.inputs().teacher() instanceof Teacher.Hidden hidden
          ? hidden.head() : null;
      DType logits = stored(head, chunkLogits);
      boolean isApart = call.outputs().hasGradient() && logits != head.dtype();
      return new Widths(head.classes(), logits, teacher == null ? 0 : teacher.classes(),
          teacher == null ? DType.F32 : stored(teacher, chunkLogits), isApart ? head.classes() : 0, head.dtype(),
          head.bias() == null ? 0 : 1, teacher == null || teacher.bias() == null ? 0 : 1,
          teacher == null ? DType.F32 : teacher.dtype(), call.outputs());
    }

    private static DType stored(LinearHead head, ChunkLogits chunkLogits) {
      return chunkLogits == ChunkLogits.F32 ? DType.F32 : head.dtype();
    }

    long bytesPerRow() {
      return (long) student * studentDtype.bytes() + (long) teacher * teacherDtype.bytes()
          + (long) gradient * dtype.bytes() + (long) ones * dtype.bytes()
          + (long) teacherOnes * teacherOnesDtype.bytes();
    }

    HeadPlan place(long rows, long chunkRows, long limit, String products) {
      long chunks = Math.max(1, (rows + chunkRows - 1) / chunkRows);
      Places places = new Places();
      Region studentAt = new Region(0, student, studentDtype);
      places.end = studentAt.bytes(chunkRows);
      Region teacherAt = places.next(teacher, teacherDtype, chunkRows);
      Region gradientAt = places.next(gradient, dtype, chunkRows);
      Region onesAt = places.next(ones, dtype, chunkRows);
      Region teacherOnesAt = places.next(teacherOnes, teacherOnesDtype, chunkRows);
      long chunkBytes = places.end;
      MatrixView weight = chunks > 1 ? outputs.weightGradient() : null;
      MatrixView bias = chunks > 1 ? outputs.biasGradient() : null;
      Region weightSum = weight == null || weight.dtype() == DType.F32 ? null
          : places.next(weight.classes(), DType.F32, weight.rows());
      Region biasSum = bias == null || bias.dtype() == DType.F32 ? null
          : places.next(bias.classes(), DType.F32, bias.rows());
      return new HeadPlan(rows, studentAt, teacherAt, gradientAt, onesAt, teacherOnesAt, weightSum, biasSum,
          new HeadWorkspace(limit, bytesPerRow(), chunkBytes, chunkRows, chunks, places.end - chunkBytes,
              products));
    }
  }

  /** Places regions one behind the other. */
  private static final class Places {
    private long end;

    @Nullable Region next(int columns, DType dtype, long rows) {
      if (columns == 0) {
        return null;
      }
      Region region = new Region(end, columns, dtype);
      end += region.bytes(rows);
      return region;
    }
  }
}
