package dev.temper;

/**
 * The most probable classes of each row of a teacher, as {@link LossEngine#topK} makes them. {@code
 * dev.temper.io.TopKFile} saves and loads them, so that a training run needs no logits of the teacher.
 *
 * {@snippet class="dev.temper.snippets.CachedTopK" region="cache"}
 *
 * @param ids classes, [rows, k], the most probable first; -1 where a row has fewer classes than slots
 * @param logProbabilities full-vocabulary log-probabilities at the temperature, [rows, k] F32
 * @param logSumExp {@code log sum exp(u/T)}, [rows] F32
 * @param mass sum of the listed probabilities, [rows] F32
 * @param logTail logarithm of the mass of all other classes, summed directly, [rows] F32
 * @param classes number of classes of the teacher
 * @param temperature temperature of the log-probabilities
 */
public record TopKLists(IdMatrix ids, MatrixView logProbabilities, RowVector logSumExp, RowVector mass,
    RowVector logTail, int classes, double temperature) {

  /** Checks the shapes. */
  public TopKLists {
    TeacherShapes.checkLists(ids, "teacher_log_probs", logProbabilities);
    TeacherShapes.checkRow("teacher_lse", logSumExp, ids.rows());
    TeacherShapes.checkRow("teacher_mass", mass, ids.rows());
    TeacherShapes.checkRow("teacher_log_tail", logTail, ids.rows());
    TeacherShapes.requireTemperature(temperature);
    if (ids.k() > classes) {
      throw new LossArgumentException("k is ", ids.k(), ", expected at most the ", classes, " classes");
    }
  }

  /** Allocates lists in Java arrays. */
  static TopKLists allocate(long rows, int k, int classes, double temperature) {
    TeacherShapes.requireK(k);
    if (rows > Integer.MAX_VALUE / k) {
      throw new LossArgumentException("logits has ", rows, " rows, expected at most ", Integer.MAX_VALUE / k,
          ", because lists of ", k, " slots lie in Java arrays here; give lists in memory of your own");
    }
    int slots = Math.toIntExact(rows * k);
    int count = Math.toIntExact(rows);
    return new TopKLists(IdMatrix.of(new int[slots], rows, k), HostMatrix.of(new float[slots], rows, k),
        RowVector.weights(new float[count]), RowVector.weights(new float[count]), RowVector.weights(new float[count]),
        classes, temperature);
  }

  /**
   * Returns a teacher with these lists. A loss with another temperature or number of classes refuses it, unless the
   * tail is renormalised, which allows other temperatures.
   */
  public TopKTeacher teacher(Tail tail) {
    return Teacher.topK(ids, logProbabilities, tail).withLogTail(logTail).atTemperature(temperature)
        .ofClasses(classes);
  }
}
