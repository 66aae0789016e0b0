package dev.temper.tools.verify;

import static dev.temper.tools.verify.Group.ALONE_OR_IN_BATCH;
import static dev.temper.tools.verify.Group.BACKWARD;
import static dev.temper.tools.verify.Group.CLASSES;
import static dev.temper.tools.verify.Group.CROSS_ENTROPY_LOSS;
import static dev.temper.tools.verify.Group.DTYPES;
import static dev.temper.tools.verify.Group.FINITE_DIFFERENCES;
import static dev.temper.tools.verify.Group.FORWARD_KL;
import static dev.temper.tools.verify.Group.GOLDENS;
import static dev.temper.tools.verify.Group.HALF_RANGE;
import static dev.temper.tools.verify.Group.IN_PLACE;
import static dev.temper.tools.verify.Group.LABELS;
import static dev.temper.tools.verify.Group.LAYOUTS;
import static dev.temper.tools.verify.Group.PADDING;
import static dev.temper.tools.verify.Group.POISONED_ROWS;
import static dev.temper.tools.verify.Group.REDUCTIONS;
import static dev.temper.tools.verify.Group.RERUN;
import static dev.temper.tools.verify.Group.ROW_TEMPERATURES;
import static dev.temper.tools.verify.Group.TEMPERATURES;

import java.util.Set;

/** Mistakes that an engine could make, and the groups that must notice each of them. */
enum PlantedBug {
  /** One exponential of the student's softmax in each row is 10 units in the last place too large. */
  EXPONENTIAL_10_ULP,
  /** The gradient lacks the factor T^2 that the value has. */
  GRADIENT_WITHOUT_SQUARE,
  /** Every label is taken for its neighbour. */
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
  LAST_BIT_WANDERS;

  /** The groups that must fail. */
  Set<Group> noticedBy() {
    return switch (this) {
      case EXPONENTIAL_10_ULP -> Set.of(FORWARD_KL, CROSS_ENTROPY_LOSS, TEMPERATURES, ROW_TEMPERATURES, CLASSES, BACKWARD);
      case GRADIENT_WITHOUT_SQUARE -> Set.of(TEMPERATURES, ROW_TEMPERATURES, CLASSES, DTYPES, FINITE_DIFFERENCES, BACKWARD);
      case LABEL_OFF_BY_ONE -> Set.of(CROSS_ENTROPY_LOSS, LABELS, CLASSES, GOLDENS, FINITE_DIFFERENCES, PADDING);
      case MEAN_BY_ALL_ROWS -> Set.of(LABELS, REDUCTIONS, BACKWARD);
      case LAST_CLASS_MISSED -> Set.of(FORWARD_KL, CROSS_ENTROPY_LOSS, CLASSES, DTYPES, LAYOUTS, BACKWARD, IN_PLACE);
      case NAN_SWALLOWED -> Set.of(POISONED_ROWS);
      case GAP_WRITTEN -> Set.of(LAYOUTS, ALONE_OR_IN_BATCH);
      case SUBNORMALS_FLUSHED -> Set.of(HALF_RANGE);
      case LAST_BIT_WANDERS -> Set.of(RERUN, IN_PLACE, ALONE_OR_IN_BATCH);
    };
  }
}
