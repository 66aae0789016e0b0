package dev.temper.tools.verify;

import static dev.temper.tools.verify.CaseGroup.ALONE_OR_IN_BATCH;
import static dev.temper.tools.verify.CaseGroup.BACKWARD;
import static dev.temper.tools.verify.CaseGroup.CLASSES;
import static dev.temper.tools.verify.CaseGroup.CROSS_ENTROPY_LOSS;
import static dev.temper.tools.verify.CaseGroup.DTYPES;
import static dev.temper.tools.verify.CaseGroup.FINITE_DIFFERENCES;
import static dev.temper.tools.verify.CaseGroup.FORWARD_KL;
import static dev.temper.tools.verify.CaseGroup.GOLDENS;
import static dev.temper.tools.verify.CaseGroup.HALF_RANGE;
import static dev.temper.tools.verify.CaseGroup.IN_PLACE;
import static dev.temper.tools.verify.CaseGroup.LABELS;
import static dev.temper.tools.verify.CaseGroup.LAYOUTS;
import static dev.temper.tools.verify.CaseGroup.NON_FINITE_ROWS;
import static dev.temper.tools.verify.CaseGroup.PADDING;
import static dev.temper.tools.verify.CaseGroup.REDUCTIONS;
import static dev.temper.tools.verify.CaseGroup.RERUN;
import static dev.temper.tools.verify.CaseGroup.ROW_TEMPERATURES;
import static dev.temper.tools.verify.CaseGroup.TEMPERATURES;

import java.util.EnumSet;
import java.util.Set;

/** Bugs that an engine could have, and the groups that must find each of them. */
enum PlantedBug {
  /** One exponential of the student's softmax in each row is 10 units in the last place too large. */
  EXPONENTIAL_10_ULP,
  /** The gradient lacks the factor T^2 that the value has. */
  GRADIENT_WITHOUT_SQUARE,
  /** Every label is read as the next class. */
  LABEL_OFF_BY_ONE,
  /** A mean over counted rows divides by all rows. */
  MEAN_BY_ALL_ROWS,
  /** The gradient of the last class is not written. */
  LAST_CLASS_MISSED,
  /** NaN becomes 0. */
  NAN_SWALLOWED,
  /** One element of the gap behind each row is written. */
  GAP_WRITTEN,
  /** Subnormal results become 0. */
  SUBNORMALS_FLUSHED,
  /** Every other run differs in the last bit. */
  LAST_BIT_WANDERS,
  /** The gradient is 0. */
  ZEROS_WRITTEN,
  /** The gradient is a copy of the student's logits. */
  INPUT_COPIED,
  /** Each row has the gradient of the row before. */
  ROWS_SHIFTED,
  /** No gradient is written. */
  GRADIENT_UNWRITTEN;

  /** The groups of several rows that compare a gradient with the reference. */
  private static final Set<CaseGroup> GRADIENTS = EnumSet.of(FORWARD_KL, CaseGroup.REVERSE_KL, CaseGroup.MIXED,
      CaseGroup.JENSEN_SHANNON, CaseGroup.SKEW_FORWARD_KL, CaseGroup.SKEW_REVERSE_KL, CaseGroup.TOTAL_VARIATION,
      CaseGroup.NEGATIVE_LOG_ACCEPTANCE, CaseGroup.DKD, CaseGroup.LOGIT_MSE, CROSS_ENTROPY_LOSS,
      CaseGroup.LABEL_SMOOTHING, CaseGroup.WEIGHTS, TEMPERATURES, CaseGroup.TEACHER_TEMPERATURE, CaseGroup.SOFTCAP,
      CLASSES, DTYPES, LAYOUTS, PADDING, LABELS, CaseGroup.ROW_WEIGHTS, ROW_TEMPERATURES, REDUCTIONS,
      CaseGroup.OPTIONS, CaseGroup.ROW_OUTPUTS, CaseGroup.TEMPERATURE_GRADIENT, CaseGroup.GRADIENT_ADDED,
      CaseGroup.GRADIENT_SCALE, BACKWARD, FINITE_DIFFERENCES);

  /** The groups that must fail. */
  Set<CaseGroup> noticedBy() {
    return switch (this) {
      case EXPONENTIAL_10_ULP -> Set.of(FORWARD_KL, CROSS_ENTROPY_LOSS, TEMPERATURES, ROW_TEMPERATURES, CLASSES,
          BACKWARD);
      case GRADIENT_WITHOUT_SQUARE ->
          Set.of(TEMPERATURES, ROW_TEMPERATURES, CLASSES, DTYPES, FINITE_DIFFERENCES, BACKWARD);
      case LABEL_OFF_BY_ONE -> Set.of(CROSS_ENTROPY_LOSS, LABELS, CLASSES, GOLDENS, FINITE_DIFFERENCES, PADDING);
      case MEAN_BY_ALL_ROWS -> Set.of(LABELS, REDUCTIONS, BACKWARD);
      case LAST_CLASS_MISSED -> Set.of(FORWARD_KL, CROSS_ENTROPY_LOSS, CLASSES, DTYPES, LAYOUTS, BACKWARD, IN_PLACE);
      case NAN_SWALLOWED -> Set.of(NON_FINITE_ROWS);
      case GAP_WRITTEN -> Set.of(LAYOUTS, ALONE_OR_IN_BATCH);
      case SUBNORMALS_FLUSHED -> Set.of(HALF_RANGE);
      case ZEROS_WRITTEN, INPUT_COPIED, ROWS_SHIFTED, GRADIENT_UNWRITTEN -> GRADIENTS;
      case LAST_BIT_WANDERS -> Set.of(RERUN, IN_PLACE, ALONE_OR_IN_BATCH);
    };
  }
}
