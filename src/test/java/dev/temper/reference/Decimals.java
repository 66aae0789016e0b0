package dev.temper.reference;

import dev.temper.Divergence;
import java.math.BigDecimal;
import java.math.MathContext;

/**
 * Computes the divergences by their definitions in 50-digit arithmetic. The code is slow and shares no numerical
 * technique with the reference.
 */
final class Decimals {

  private static final MathContext DIGITS = new MathContext(50);
  private static final BigDecimal ONE = BigDecimal.ONE;

  private Decimals() {}

  /** Returns {@code D(softmax(u/teacherTemperature), softmax(z/temperature))}. The label is class 0. */
  static BigDecimal divergence(
      Divergence divergence, BigDecimal[] z, BigDecimal[] u, BigDecimal temperature, BigDecimal teacherTemperature) {
    BigDecimal[] q = softmax(z, temperature);
    BigDecimal[] p = softmax(u, teacherTemperature);
    return switch (divergence) {
      case Divergence.ForwardKl _ -> kl(p, q);
      case Divergence.ReverseKl _ -> kl(q, p);
      case Divergence.Mixed m -> kl(p, q).multiply(of(m.lambda())).add(kl(q, p).multiply(rest(m.lambda())));
      case Divergence.JensenShannon j -> {
        BigDecimal[] m = mixture(p, q, j.beta());
        yield kl(p, m).multiply(of(j.beta())).add(kl(q, m).multiply(rest(j.beta())));
      }
      case Divergence.SkewForwardKl s -> kl(p, mixture(p, q, s.skew()));
      case Divergence.SkewReverseKl s -> kl(q, mixture(q, p, s.skew()));
      case Divergence.TotalVariation _ -> {
        BigDecimal sum = BigDecimal.ZERO;
        for (int i = 0; i < p.length; i++) {
          sum = sum.add(p[i].subtract(q[i]).abs());
        }
        yield sum.divide(of(2));
      }
      case Divergence.NegativeLogAcceptance _ -> {
        BigDecimal acceptance = BigDecimal.ZERO;
        for (int i = 0; i < p.length; i++) {
          acceptance = acceptance.add(p[i].min(q[i]));
        }
        yield log(acceptance).negate();
      }
      case Divergence.Dkd d -> kl(binary(p), binary(q)).multiply(of(d.a()))
          .add(kl(withoutLabel(p), withoutLabel(q)).multiply(of(d.b())));
      case Divergence.LogitMse _ -> {
        BigDecimal sum = BigDecimal.ZERO;
        for (int i = 0; i < z.length; i++) {
          sum = sum.add(z[i].subtract(u[i]).pow(2));
        }
        yield sum.divide(of(z.length), DIGITS);
      }
    };
  }

  /**
   * Returns {@code e^x}. The argument is halved until it is small, and the Taylor series of the small argument is
   * squared as often.
   */
  static BigDecimal exp(BigDecimal x) {
    int halvings = 12;
    BigDecimal small = x.divide(of(1 << halvings), DIGITS);
    BigDecimal term = ONE;
    BigDecimal sum = ONE;
    for (int n = 1; n < 22; n++) {
      term = term.multiply(small).divide(of(n), DIGITS);
      sum = sum.add(term, DIGITS);
    }
    for (int i = 0; i < halvings; i++) {
      sum = sum.multiply(sum, DIGITS);
    }
    return sum;
  }

  /** Returns {@code log x} by Halley's method, which begins with the double. Each step triples the number of digits. */
  static BigDecimal log(BigDecimal x) {
    BigDecimal y = of(Math.log(x.doubleValue()));
    for (int i = 0; i < 2; i++) {
      BigDecimal e = exp(y);
      y = y.add(x.subtract(e).multiply(of(2)).divide(x.add(e), DIGITS), DIGITS);
    }
    return y;
  }

  static BigDecimal of(double x) {
    return new BigDecimal(x);
  }

  private static BigDecimal rest(double share) {
    return ONE.subtract(of(share));
  }

  private static BigDecimal[] softmax(BigDecimal[] x, BigDecimal temperature) {
    BigDecimal[] e = new BigDecimal[x.length];
    BigDecimal sum = BigDecimal.ZERO;
    for (int i = 0; i < x.length; i++) {
      e[i] = exp(x[i].divide(temperature, DIGITS));
      sum = sum.add(e[i]);
    }
    for (int i = 0; i < x.length; i++) {
      e[i] = e[i].divide(sum, DIGITS);
    }
    return e;
  }

  private static BigDecimal[] binary(BigDecimal[] p) {
    return new BigDecimal[] {p[0], ONE.subtract(p[0])};
  }

  private static BigDecimal[] withoutLabel(BigDecimal[] p) {
    BigDecimal[] rest = new BigDecimal[p.length - 1];
    for (int i = 0; i < rest.length; i++) {
      rest[i] = p[i + 1].divide(ONE.subtract(p[0]), DIGITS);
    }
    return rest;
  }

  private static BigDecimal[] mixture(BigDecimal[] a, BigDecimal[] b, double share) {
    BigDecimal[] m = new BigDecimal[a.length];
    for (int i = 0; i < a.length; i++) {
      m[i] = a[i].multiply(of(share)).add(b[i].multiply(rest(share)));
    }
    return m;
  }

  private static BigDecimal kl(BigDecimal[] a, BigDecimal[] b) {
    BigDecimal sum = BigDecimal.ZERO;
    for (int i = 0; i < a.length; i++) {
      sum = sum.add(a[i].multiply(log(a[i]).subtract(log(b[i])), DIGITS));
    }
    return sum;
  }
}
