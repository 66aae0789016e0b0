package dev.temper;

import java.util.List;

/** Checks the shapes and numbers that a teacher is made of. Values in memory are checked by the engines. */
final class TeacherShapes {

  /** Largest distance of the sum of a mixture's weights from 1, because the weights may have been rounded to f32. */
  private static final double WEIGHT_TOLERANCE = 1e-6;

  private TeacherShapes() {}

  static void requireK(int k) {
    if (k < 1 || k > Teacher.MOST_IDS) {
      throw new LossArgumentException("k is ", k, ", expected 1 to ", Teacher.MOST_IDS);
    }
  }

  static void checkIds(RowVector values, long rows, int k) {
    if (k < 1 || k > Teacher.MOST_IDS) {
      throw new LossArgumentException("teacher_ids has ", k, " slots in a row, expected 1 to ", Teacher.MOST_IDS);
    }
    requireI32("teacher_ids", values);
    if (rows < 0 || values.length() != rows * k) {
      throw new LossArgumentException("teacher_ids has ", values.length(), " values, expected ", rows, " rows of ", k);
    }
  }

  static void checkLists(IdMatrix ids, String name, MatrixView values) {
    if (values.rows() != ids.rows() || values.classes() != ids.k()) {
      throw new LossArgumentException(name, " is ", values.describe(), ", expected the shape of teacher_ids: [",
          ids.rows(), ", ", ids.k(), "]");
    }
  }

  static void checkRow(String name, RowVector value, long rows) {
    if (value.dtype() != DType.F32 || value.length() != rows) {
      throw new LossArgumentException(name, " is ", value, ", expected one F32 per row: ", rows);
    }
  }

  static void requireI32(String name, RowVector vector) {
    if (vector.dtype() != DType.I32) {
      throw new LossArgumentException(name, " has dtype ", vector.dtype(), ", expected I32; convert it");
    }
  }

  static void requireTemperature(double temperature) {
    if (!(temperature >= DistillationLoss.MIN_TEMPERATURE && temperature <= DistillationLoss.MAX_TEMPERATURE)) {
      throw new LossArgumentException("the temperature of teacher_log_probs is ", temperature,
          ", expected a number from 1e-6 to 1e6");
    }
  }

  static void checkMixture(List<MatrixView> logits, List<Double> weights) {
    if (logits.size() < 2 || logits.size() > Teacher.MOST_MIXED) {
      throw new LossArgumentException("a mixture has ", logits.size(), " teachers, expected 2 to ", Teacher.MOST_MIXED);
    }
    if (weights.size() != logits.size()) {
      throw new LossArgumentException("a mixture has ", weights.size(), " weights and ", logits.size(),
          " teachers, expected one weight for each teacher");
    }
    double sum = 0;
    for (int m = 0; m < weights.size(); m++) {
      if (!(weights.get(m) >= 0 && weights.get(m) <= 1 + WEIGHT_TOLERANCE)) {
        throw new LossArgumentException("weight ", m, " of the mixture is ", weights.get(m),
            ", expected a number from 0 to 1");
      }
      sum += weights.get(m);
    }
    if (Math.abs(sum - 1) > WEIGHT_TOLERANCE) {
      throw new LossArgumentException("the weights of the mixture sum to ", sum,
          ", expected 1; divide them by their sum");
    }
  }
}
