package dev.temper.kernel.tune;

import dev.temper.DType;
import dev.temper.kernel.spec.LossSpecialisation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The key of calls that share a tuned plan. Rows, temperature, weights and pass are not part of the key: a row gives
 * the same bits in any batch, and a loss has the same bits with and without its gradient.
 *
 * @param policy name of the C++ struct of the divergence; without a soft part that of forward KL
 * @param soft whether the soft part is computed
 * @param hard whether the cross-entropy is computed
 * @param student dtype of the student's logits
 * @param teacher dtype of the teacher's logits; without a soft part the student's
 * @param classes columns, 1 or more
 */
record PlanKey(String policy, boolean soft, boolean hard, DType student, DType teacher, int classes) {

  private static final String HARD = "ce";
  private static final String AND_HARD = "+" + HARD;

  /** The key of a specialisation; null if it has features, because features change which plan is fastest. */
  static @Nullable PlanKey of(LossSpecialisation loss, int classes) {
    return loss.features().isEmpty()
        ? new PlanKey(loss.policy(), loss.soft(), loss.hard(), loss.student(), loss.teacher(), classes)
        : null;
  }

  /**
   * Reads the three fields of {@link #fields}.
   *
   * @throws IllegalArgumentException if a field is not a field of a key
   */
  static PlanKey parse(String loss, String dtypes, String classes) {
    int comma = dtypes.indexOf(',');
    DType student = dtype(comma < 0 ? dtypes : dtypes.substring(0, comma));
    DType teacher = comma < 0 ? student : dtype(dtypes.substring(comma + 1));
    boolean soft = !loss.equals(HARD);
    boolean hard = !soft || loss.endsWith(AND_HARD);
    String policy = !soft ? LossSpecialisation.NO_DIVERGENCE
        : hard ? loss.substring(0, loss.length() - AND_HARD.length()) : loss;
    PlanKey key = new PlanKey(policy, soft, hard, student, teacher,
        (int) PlanTable.whole(classes, Integer.MAX_VALUE));
    if (!key.fields().equals(List.of(loss, dtypes, classes))) {
      throw new IllegalArgumentException("'" + loss + "', '" + dtypes + "' and '" + classes
          + "' are not a loss, dtypes and a number of classes");
    }
    return key;
  }

  private static DType dtype(String name) {
    DType dtype = DType.valueOf(name);
    if (!dtype.isFloating()) {
      throw new IllegalArgumentException("'" + name + "' is not a dtype of logits");
    }
    return dtype;
  }

  /** Bytes of an element of the teacher; 0 if no teacher is read. */
  int teacherBytes() {
    return soft ? teacher.bytes() : 0;
  }

  /** Loss, dtypes and classes, such as {@code ForwardKl+ce}, {@code BF16,F32} and {@code 32000}. */
  List<String> fields() {
    String loss = soft ? policy + (hard ? AND_HARD : "") : HARD;
    return List.of(loss, soft ? student + "," + teacher : student.toString(), Integer.toString(classes));
  }

  /** One phrase, such as {@code ForwardKl+ce, BF16,BF16, 32000 classes}. */
  @Override
  public String toString() {
    return String.join(", ", fields()) + " classes";
  }
}
