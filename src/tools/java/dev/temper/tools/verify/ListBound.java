package dev.temper.tools.verify;

import dev.temper.Tail;
import java.util.Arrays;

/**
 * The error bound of a row whose teacher is given by a list, in f32 arithmetic. Each probability has a relative error
 * {@code e}, from the exponent of its exponential and from the sums over C classes. A class adds {@code (p + q)} times
 * its logarithms to value and gradient. A tail of {@code 1 - P} has an absolute error {@code e}, so that its share of
 * {@code q/p} is off by {@code e q/p}.
 */
final class ListBound {

  static final String FORMULA = "e = u (8 + log2 C + range of z/T + max |l|), w = 1 + |log p| + |log q|;"
      + " value: T^2 e (1 + sum (p + q) w + tail); gradient: T e ((p + q)(w + |D|) + q/q_tail (tail + (p + q)(w + |D|)"
      + " of the bucket)), tail = w + q/p of a bucket of 1 - P";

  private static final double U = 0x1p-24;

  /**
   * A row of the student and of the teacher's lists.
   *
   * @param z student logits
   * @param l log-probability of each class; NaN without a slot
   */
  @SuppressWarnings("ArrayRecordComponent") // the arrays live for one row
  record Row(double[] z, double[] l) {}

  private final double temperature;
  private final double error;
  private final double divergence;
  private final double[] p;
  private final double[] q;
  private final double[] share;
  private double ofTail;
  private double ofBucket;
  private double sum = 1;

  /** Computes the parts of the bound; {@code divergence} is the value of D. */
  ListBound(Tail tail, double temperature, Row row, double divergence) {
    this.temperature = temperature;
    this.divergence = Math.abs(divergence);
    int classes = row.z.length;
    double max = Arrays.stream(row.z).max().orElse(0);
    double min = Arrays.stream(row.z).min().orElse(0);
    double most = Arrays.stream(row.l).filter(l -> !Double.isNaN(l)).map(Math::abs).max().orElse(0);
    error = U * (8 + Math.log(classes) / Math.log(2) + (max - min) / temperature + most);
    q = new double[classes];
    p = new double[classes];
    share = new double[classes];
    double total = 0;
    for (int c = 0; c < classes; c++) {
      q[c] = Math.exp((row.z[c] - max) / temperature);
      total += q[c];
    }
    double mass = 0;
    double own = 0;
    for (int c = 0; c < classes; c++) {
      q[c] /= total;
      p[c] = Double.isNaN(row.l[c]) ? 0 : Math.exp(row.l[c]);
      mass += p[c];
      own += Double.isNaN(row.l[c]) ? 0 : q[c];
    }
    renormalise(tail, row, mass, own);
    for (int c = 0; c < classes; c++) {
      sum += p[c] > 0 ? (p[c] + q[c]) * logarithms(p[c], q[c]) : 0;
    }
    if (tail == Tail.BUCKET && own < 1 && mass < 1) {
      bucket(row, 1 - mass, 1 - own);
    }
  }

  private void renormalise(Tail tail, Row row, double mass, double own) {
    for (int c = 0; c < p.length; c++) {
      boolean listed = !Double.isNaN(row.l[c]);
      p[c] = tail == Tail.RENORMALISE_TEACHER || tail == Tail.RENORMALISE_BOTH ? p[c] / mass : p[c];
      q[c] = tail != Tail.RENORMALISE_BOTH ? q[c] : listed ? q[c] / own : 0;
    }
  }

  private void bucket(Row row, double ofTeacher, double ofStudent) {
    double weight = logarithms(ofTeacher, ofStudent);
    ofTail = weight + ofStudent / ofTeacher;
    ofBucket = (ofTeacher + ofStudent) * (weight + divergence);
    sum += (ofTeacher + ofStudent) * weight + ofTail;
    for (int c = 0; c < p.length; c++) {
      share[c] = Double.isNaN(row.l[c]) ? q[c] / ofStudent : q[c];
    }
  }

  private static double logarithms(double p, double q) {
    return 1 + Math.abs(Math.log(p)) + Math.abs(Math.log(q));
  }

  /** Bound of {@code T^2 D}. */
  double value() {
    return temperature * temperature * error * sum;
  }

  /** Bound of the gradient of one class. */
  double gradient(int c) {
    double own = p[c] > 0 ? (p[c] + q[c]) * (logarithms(p[c], q[c]) + divergence) : q[c] * (1 + divergence);
    return temperature * error * (own + share[c] * (ofTail + ofBucket));
  }
}
