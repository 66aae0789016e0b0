package dev.temper.reference;

import dev.temper.Divergence;
import dev.temper.Tail;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The loss of one row against a list of classes, computed by its definition in f64. It shares no code with the
 * reference.
 */
final class ListDefinition {

  private ListDefinition() {}

  /**
   * Returns {@code T^2 D}.
   *
   * @param p probabilities of the listed classes at the temperature of the loss
   * @param tailMass mass of the teacher outside the list
   */
  static double value(Divergence divergence, Tail tail, double[] z, double temperature, int[] ids, double[] p,
      double tailMass) {
    double[] q = softmax(z, temperature);
    double listed = 0;
    double own = 0;
    for (int i = 0; i < ids.length; i++) {
      listed += p[i];
      own += q[ids[i]];
    }
    List<Double> teacher = new ArrayList<>();
    List<Double> student = new ArrayList<>();
    for (int i = 0; i < ids.length; i++) {
      teacher.add(tail == Tail.RENORMALISE_TEACHER || tail == Tail.RENORMALISE_BOTH ? p[i] / listed : p[i]);
      student.add(tail == Tail.RENORMALISE_BOTH ? q[ids[i]] / own : q[ids[i]]);
    }
    if (tail == Tail.BUCKET && ids.length < z.length) {
      double rest = 0;
      for (int c = 0; c < z.length; c++) {
        int wanted = c;
        rest += Arrays.stream(ids).anyMatch(id -> id == wanted) ? 0 : q[c];
      }
      teacher.add(tailMass);
      student.add(rest);
    }
    return temperature * temperature * divergence(divergence, teacher, student);
  }

  private static double divergence(Divergence divergence, List<Double> p, List<Double> q) {
    double sum = 0;
    for (int i = 0; i < p.size(); i++) {
      double a = p.get(i);
      double b = q.get(i);
      sum += switch (divergence) {
        case Divergence.ForwardKl _ -> term(a, b);
        case Divergence.ReverseKl _ -> term(b, a);
        case Divergence.JensenShannon(double beta) -> {
          double m = beta * a + (1 - beta) * b;
          yield beta * term(a, m) + (1 - beta) * term(b, m);
        }
        default -> throw new IllegalArgumentException(divergence.label());
      };
    }
    return sum;
  }

  private static double term(double a, double b) {
    return a == 0 ? 0 : a * (Math.log(a) - Math.log(b));
  }

  static double[] softmax(double[] x, double temperature) {
    double max = Arrays.stream(x).max().orElseThrow();
    double[] e = Arrays.stream(x).map(v -> Math.exp((v - max) / temperature)).toArray();
    double sum = Arrays.stream(e).sum();
    return Arrays.stream(e).map(v -> v / sum).toArray();
  }
}
