package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * All settings of a run except the text.
 *
 * @param vocabulary largest number of words in the models' vocabulary
 * @param context number of words before the predicted one that a model reads
 * @param rows examples per step
 * @param teacher size and budget of the teacher, which is trained on labels
 * @param student size and budget of every student
 * @param distillations losses of the distilled students, one student for each; the first student has labels only
 * @param seed seed of the first run; it decides the first weights and the order of the examples
 * @param seeds number of runs, with consecutive seeds
 * @param head where the models' logits are computed
 * @param topK lists of the teacher in the place of its logits; null for the logits
 */
public record TrainPlan(
    int vocabulary,
    int context,
    int rows,
    Budget teacher,
    Budget student,
    List<DistillationLoss> distillations,
    long seed,
    int seeds,
    Head head,
    @Nullable TopKPlan topK) {

  /** Where logits are computed. */
  public enum Head {
    /** The models compute the logits of all rows. */
    LOGITS,
    /** The engine computes them in chunks, from hidden states. */
    FUSED;

    /** The name on the command line. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Steps of each student by default. */
  public static final int STUDENT_STEPS = 1_000;

  /** Learning rate of each student by default. */
  public static final double STUDENT_RATE = 8e-3;

  /** Steps of the teacher by default. */
  public static final int TEACHER_STEPS = 1_500;

  /** Temperature by default; it was chosen on the validation part, like the weight below. */
  public static final double TEMPERATURE = 1.5;

  /** Weight of the teacher by default; the labels get the rest. */
  public static final double SOFT_WEIGHT = 0.9;

  /** Temperature by default if the students learn from lists: a higher one moves mass out of the lists. */
  public static final double LISTS_TEMPERATURE = 1;

  /**
   * Weight of the teacher by default if the students learn from lists. It is smaller, because the labels alone
   * distinguish the words outside the lists.
   */
  public static final double LISTS_SOFT_WEIGHT = 0.5;

  private static final int MAX_PASSES = 4;

  /**
   * Size and budget of one model.
   *
   * @param embedding numbers per word
   * @param hidden units of the hidden layer
   * @param steps steps of training
   * @param learningRate learning rate of the first step; it falls in a straight line to 0
   */
  public record Budget(int embedding, int hidden, int steps, double learningRate) {
    /** Checks the numbers. */
    public Budget {
      if (steps < 1) {
        throw new IllegalArgumentException("steps is " + steps + ", expected 1 or more");
      }
      if (!(learningRate > 0 && learningRate < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("learningRate is " + learningRate + ", expected a finite number above 0");
      }
    }

    Budget withSteps(int value) {
      return new Budget(embedding, hidden, value, learningRate);
    }

    Budget withLearningRate(double value) {
      return new Budget(embedding, hidden, steps, value);
    }
  }

  /** Checks the numbers. */
  public TrainPlan {
    if (seeds < 1) {
      throw new IllegalArgumentException("seeds is " + seeds + ", expected 1 or more");
    }
    if (distillations.isEmpty()) {
      throw new IllegalArgumentException("no loss is given, expected one for each distilled student");
    }
    distillations = List.copyOf(distillations);
  }

  /** A plan that takes about two minutes on two cores. */
  public static TrainPlan defaults() {
    return new TrainPlan(4096, 6, 512, new Budget(96, 384, TEACHER_STEPS, 2e-3),
        new Budget(20, 32, STUDENT_STEPS, STUDENT_RATE),
        List.of(DistillationLoss.hinton(TEMPERATURE, SOFT_WEIGHT)), 1, 1, Head.LOGITS, null);
  }

  /**
   * Returns the plan for a text of a number of words. It has fewer steps if the teacher would read each word more than
   * 4 times.
   */
  public TrainPlan forWords(long words) {
    long teacherSteps = MAX_PASSES * words / rows;
    return teacherSteps >= teacher.steps
        ? this
        : withStudentSteps(Math.toIntExact(Math.max(1, student.steps * teacherSteps / teacher.steps)));
  }

  /** The same plan with these losses, one distilled student for each. */
  public TrainPlan withDistillations(List<DistillationLoss> losses) {
    return new TrainPlan(vocabulary, context, rows, teacher, student, losses, seed, seeds, head, topK);
  }

  /** The same plan with this number of steps of each student, and proportionally many of the teacher. */
  public TrainPlan withStudentSteps(int steps) {
    int teacherSteps = Math.toIntExact(Math.max(1, (long) teacher.steps * steps / student.steps));
    return new TrainPlan(
        vocabulary, context, rows, teacher.withSteps(teacherSteps), student.withSteps(steps), distillations, seed,
            seeds, head, topK);
  }

  /** The same plan with this number of steps of the teacher. */
  public TrainPlan withTeacherSteps(int steps) {
    return new TrainPlan(vocabulary, context, rows, teacher.withSteps(steps), student, distillations, seed, seeds,
        head, topK);
  }

  /** The same plan with this learning rate of each student. */
  public TrainPlan withStudentRate(double learningRate) {
    return new TrainPlan(
        vocabulary, context, rows, teacher, student.withLearningRate(learningRate), distillations, seed, seeds,
            head, topK);
  }

  /** The same plan with this number of runs, from this seed on. */
  public TrainPlan withSeeds(long first, int count) {
    return new TrainPlan(vocabulary, context, rows, teacher, student, distillations, first, count, head, topK);
  }

  /** The same plan with another place of the logits. */
  public TrainPlan withHead(Head value) {
    return new TrainPlan(vocabulary, context, rows, teacher, student, distillations, seed, seeds, value, topK);
  }

  /** The same plan with lists of the teacher, read from a file, in the place of its logits. */
  public TrainPlan withTopK(@Nullable TopKPlan lists) {
    return new TrainPlan(vocabulary, context, rows, teacher, student, distillations, seed, seeds, head, lists);
  }
}
