package dev.temper.tools.verify;

import dev.temper.DistillationLoss;
import dev.temper.reference.ReferenceRow;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The effect of the factor {@code T^2} on the size of the gradient. A common claim is that the gradient shrinks by
 * {@code 1/T^2} without the factor. The exact gradient is {@code dKL/dz = (q - p)/T}, and {@code q - p} shrinks by
 * {@code 1/T} for large T only.
 *
 * <p>Student and teacher are independent normal logits of sigma 3. The statistic is the ratio of mean gradient norms
 * (l2, over the rows); the mean of the rows' ratios is given too, because it differs for few classes.
 *
 * @param classes number of classes
 * @param rows number of rows
 * @param points one point for each temperature, ascending
 */
public record TemperatureStudy(int classes, int rows, List<StudyPoint> points) {

  private static final double[] TEMPERATURES = {1, 1.5, 2, 3, 4, 6, 8, 10, 16, 32, 64, 100};
  private static final int[] CLASSES = {3, 10, 100, 32000};
  private static final double SIGMA = 3;

  /**
   * The norms at one temperature.
   *
   * @param scaled mean norm with {@code T^2}, divided by that at T = 1
   * @param unscaled mean norm without {@code T^2}, divided by that at T = 1
   * @param meanOfRatios mean of the rows' ratios without {@code T^2}
   */
  public record StudyPoint(double temperature, double scaled, double unscaled, double meanOfRatios) {}

  /** The curves for 3, 10, 100 and 32,000 classes, in f64. */
  public static List<TemperatureStudy> run(long seed) {
    List<TemperatureStudy> studies = new ArrayList<>();
    for (int classes : CLASSES) {
      studies.add(run(classes, Math.clamp(1_000_000 / classes, 8, 2000), seed));
    }
    return studies;
  }

  /** The point at a temperature of the study. */
  public StudyPoint at(double temperature) {
    return points.stream().filter(p -> p.temperature == temperature).findFirst().orElseThrow();
  }

  private static TemperatureStudy run(int classes, int rows, long seed) {
    double[][] norms = new double[TEMPERATURES.length][rows];
    for (int row = 0; row < rows; row++) {
      SplittableRandom random = new SplittableRandom(seed * 1_000_003 + row);
      double[] student = normal(classes, random);
      double[] teacher = normal(classes, random);
      for (int i = 0; i < TEMPERATURES.length; i++) {
        norms[i][row] = norm(TEMPERATURES[i], student, teacher);
      }
    }
    List<StudyPoint> points = new ArrayList<>();
    for (int i = 0; i < TEMPERATURES.length; i++) {
      double sum = 0;
      double first = 0;
      double ratios = 0;
      for (int row = 0; row < rows; row++) {
        sum += norms[i][row];
        first += norms[0][row];
        ratios += norms[i][row] / norms[0][row];
      }
      double square = TEMPERATURES[i] * TEMPERATURES[i];
      points.add(new StudyPoint(TEMPERATURES[i], square * sum / first, sum / first, ratios / rows));
    }
    return new TemperatureStudy(classes, rows, points);
  }

  private static double[] normal(int count, SplittableRandom random) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = SIGMA * random.nextGaussian();
    }
    return values;
  }

  /** Norm of the gradient without the factor {@code T^2}. */
  private static double norm(double temperature, double[] student, double[] teacher) {
    DistillationLoss loss = DistillationLoss.builder().temperature(temperature).temperatureScaling(false).build();
    ReferenceRow row = new ReferenceRow(loss, student.length);
    row.compute(student, teacher, 0, temperature);
    double square = 0;
    for (int i = 0; i < student.length; i++) {
      square += row.gradient(i) * row.gradient(i);
    }
    return Math.sqrt(square);
  }
}
