package dev.temper.reference;

/** The derivative of the forward KL by a temperature that student and teacher share, for learnable temperatures. */
public final class TemperatureGradient {

  private TemperatureGradient() {}

  /**
   * {@code d(T^2 KL)/dT = 2 T KL + T (E_p[s] - E_q[s] - Var_p[t] + Cov_p[t, s])} of one row, with {@code s = z/T}, {@code t =
   * u/T}. Without temperature scaling it is {@code dKL/dT}, which is the bracket over {@code T}.
   *
   * @param student logits {@code z}, after a softcap if there is one
   * @param teacher logits {@code u}, as many
   * @return NaN where the KL is not finite
   */
  public static double ofForwardKl(double[] student, double[] teacher, double temperature, boolean temperatureScaling) {
    Distributions row = new Distributions(student.length);
    double kl = row.set(student, temperature, teacher, temperature)
        ? KullbackLeibler.forward(row, new double[student.length])
        : Double.NaN;
    if (!Double.isFinite(kl)) {
      return Double.NaN;
    }
    double teacherMean = 0; // E_p[t]
    double studentMean = 0; // E_p[s]
    double ownMean = 0; // E_q[s]
    for (int i = 0; i < student.length; i++) {
      teacherMean += row.p(i) == 0 ? 0 : row.p(i) * teacher[i] / temperature;
      studentMean += row.p(i) == 0 ? 0 : row.p(i) * student[i] / temperature;
      ownMean += row.q(i) == 0 ? 0 : row.q(i) * student[i] / temperature;
    }
    double bracket = studentMean - ownMean;
    for (int i = 0; i < student.length; i++) {
      double t = teacher[i] / temperature - teacherMean;
      double s = student[i] / temperature - studentMean;
      bracket += row.p(i) == 0 ? 0 : row.p(i) * t * (s - t); // Cov_p[t, s] - Var_p[t]
    }
    return temperatureScaling ? temperature * (2 * kl + bracket) : bracket / temperature;
  }
}
