package dev.temper.tools.train;

import dev.temper.DistillationLoss;

/**
 * Everything that decides how a run goes, apart from the text.
 *
 * @param vocabulary most words that the models know
 * @param context words that a model looks back on
 * @param rows examples per step
 * @param teacher size and budget of the teacher, trained on labels
 * @param student size and budget of both students
 * @param loss of the second student; the first one has its labels alone
 * @param seed of the first run: weights and order of the examples
 * @param seeds number of runs, with seeds that follow one another
 */
public record TrainPlan(
    int vocabulary, int context, int rows, Budget teacher, Budget student, DistillationLoss loss, long seed, int seeds) {

  /** Steps of each student by default. */
  public static final int STUDENT_STEPS = 1_000;

  /** Temperature by default; chosen on the validation part, like the weight below. */
  public static final double TEMPERATURE = 1.5;

  /** Weight of the teacher by default; the labels get the rest. */
  public static final double SOFT_WEIGHT = 0.9;

  private static final int MAX_PASSES = 4;

  /**
   * Size and budget of one model.
   *
   * @param embedding numbers per word
   * @param hidden units of the hidden layer
   * @param steps steps of training
   * @param learningRate of the first step; falls in a straight line to 0
   */
  public record Budget(int embedding, int hidden, int steps, double learningRate) {
    /** Checks the numbers. */
    public Budget {
      if (steps < 1) {
        throw new IllegalArgumentException("steps is " + steps + ", expected 1 or more");
      }
    }

    Budget withSteps(int value) {
      return new Budget(embedding, hidden, value, learningRate);
    }
  }

  /** Checks the numbers. */
  public TrainPlan {
    if (seeds < 1) {
      throw new IllegalArgumentException("seeds is " + seeds + ", expected 1 or more");
    }
  }

  /** What ends in about two minutes on two cores. */
  public static TrainPlan defaults() {
    return new TrainPlan(4096, 6, 512, new Budget(96, 384, 1500, 2e-3), new Budget(20, 32, STUDENT_STEPS, 8e-3),
        DistillationLoss.hinton(TEMPERATURE, SOFT_WEIGHT), 1, 1);
  }

  /** With fewer steps where the teacher would see each of so many words more than 4 times: it learns a short text by heart. */
  public TrainPlan forWords(long words) {
    long teacherSteps = MAX_PASSES * words / rows;
    return teacherSteps >= teacher.steps ? this : withStudentSteps(Math.toIntExact(Math.max(1, student.steps * teacherSteps / teacher.steps)));
  }

  /** With this loss of the second student. */
  public TrainPlan withLoss(DistillationLoss value) {
    return new TrainPlan(vocabulary, context, rows, teacher, student, value, seed, seeds);
  }

  /** With this many steps of each student, and proportionally many of the teacher. */
  public TrainPlan withStudentSteps(int steps) {
    int teacherSteps = Math.toIntExact(Math.max(1, (long) teacher.steps * steps / student.steps));
    return new TrainPlan(vocabulary, context, rows, teacher.withSteps(teacherSteps), student.withSteps(steps), loss, seed, seeds);
  }

  /** With this many runs, from this seed on. */
  public TrainPlan withSeeds(long first, int count) {
    return new TrainPlan(vocabulary, context, rows, teacher, student, loss, first, count);
  }
}
