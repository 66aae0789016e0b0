package dev.temper;

import dev.temper.internal.Names;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/**
 * How the distance between teacher and student is measured in the soft part of the loss. With {@code p = softmax(u/T)}
 * the teacher and {@code q = softmax(z/T)} the student, {@code KL(a, b) = sum a (log a - log b)}.
 *
 * <p>Every kind but {@link LogitMse} is multiplied by {@code T^2} (see
 * {@link DistillationLoss.Builder#temperatureScaling}).
 */
public sealed interface Divergence {

  /** Name as the command line writes it, such as {@code forward-kl} or {@code jsd:0.5}. */
  String label();

  /** {@code KL(p, q)}: the student covers everything that the teacher thinks possible (Hinton, Vinyals, Dean 2015). */
  record ForwardKl() implements Divergence {
    @Override
    public String label() {
      return "forward-kl";
    }
  }

  /** {@code KL(q, p)}: the student seeks the teacher's main modes (MiniLLM, Gu et al. 2023). */
  record ReverseKl() implements Divergence {
    @Override
    public String label() {
      return "reverse-kl";
    }
  }

  /**
   * {@code lambda KL(p, q) + (1 - lambda) KL(q, p)}.
   *
   * @param lambda share of the forward KL, in [0, 1]
   */
  record Mixed(double lambda) implements Divergence {
    /** Checks lambda. */
    public Mixed {
      if (!(lambda >= 0 && lambda <= 1)) {
        throw new LossArgumentException(
            "mixed: lambda is ", lambda, ", expected a number from 0 (reverse KL) to 1 (forward KL)");
      }
    }

    @Override
    public String label() {
      return "mixed:" + lambda;
    }
  }

  /**
   * Generalised Jensen-Shannon: {@code beta KL(p, m) + (1 - beta) KL(q, m)} with {@code m = beta p + (1 - beta) q}, as
   * in GKD (Agarwal et al. 2023).
   *
   * @param beta weight of the teacher in the mixture, in (0, 1)
   */
  record JensenShannon(double beta) implements Divergence {
    /** Checks beta. */
    public JensenShannon {
      requireInterior("jsd", "beta", beta, "at 0 and 1 the formula tends to 0, not to a KL: use forward-kl or "
          + "reverse-kl there");
    }

    @Override
    public String label() {
      return "jsd:" + beta;
    }
  }

  /**
   * {@code KL(p, a p + (1 - a) q)} (DistiLLM, Ko et al. 2024).
   *
   * @param skew weight a of the teacher in the mixture, in [0, 1); 0 is the forward KL
   */
  record SkewForwardKl(double skew) implements Divergence {
    /** Checks the skew. */
    public SkewForwardKl {
      requireSkew("skew-forward-kl", skew, "at 1 the divergence is 0 whatever the student does: use forward-kl for the "
          + "plain KL");
    }

    @Override
    public String label() {
      return "skew-forward-kl:" + skew;
    }
  }

  /**
   * {@code KL(q, (1 - a) p + a q)} (DistiLLM, Ko et al. 2024).
   *
   * @param skew weight a of the student in the mixture, in [0, 1); 0 is the reverse KL
   */
  record SkewReverseKl(double skew) implements Divergence {
    /** Checks the skew. */
    public SkewReverseKl {
      requireSkew("skew-reverse-kl", skew, "at 1 the divergence is 0 whatever the student does: use reverse-kl for the "
          + "plain KL");
    }

    @Override
    public String label() {
      return "skew-reverse-kl:" + skew;
    }
  }

  /** Total variation {@code 1/2 sum |p - q|}; the gradient's sign is 0 at ties. */
  record TotalVariation() implements Divergence {
    @Override
    public String label() {
      return "tvd";
    }
  }

  /** Mean over the classes of {@code (z - u)^2}; knows no temperature. */
  record LogitMse() implements Divergence {
    @Override
    public String label() {
      return "logit-mse";
    }
  }

  /** {@link ForwardKl}. */
  static Divergence forwardKl() {
    return new ForwardKl();
  }

  /** {@link ReverseKl}. */
  static Divergence reverseKl() {
    return new ReverseKl();
  }

  /** {@link Mixed} with the given share of the forward KL. */
  static Divergence mixed(double lambda) {
    return new Mixed(lambda);
  }

  /** {@link JensenShannon} with the given weight of the teacher. */
  static Divergence jensenShannon(double beta) {
    return new JensenShannon(beta);
  }

  /** {@link SkewForwardKl} with the given weight of the teacher in the mixture. */
  static Divergence skewForwardKl(double skew) {
    return new SkewForwardKl(skew);
  }

  /** {@link SkewReverseKl} with the given weight of the student in the mixture. */
  static Divergence skewReverseKl(double skew) {
    return new SkewReverseKl(skew);
  }

  /** {@link TotalVariation}. */
  static Divergence totalVariation() {
    return new TotalVariation();
  }

  /** {@link LogitMse}. */
  static Divergence logitMse() {
    return new LogitMse();
  }

  /**
   * Reads a {@link #label()} back.
   *
   * @throws IllegalArgumentException if the name is unknown (the message lists the known ones), or its parameter is
   *     missing, superfluous or out of range
   */
  static Divergence parse(String text) {
    String label = text.toLowerCase(Locale.ROOT).strip();
    int colon = label.indexOf(':');
    String name = colon < 0 ? label : label.substring(0, colon);
    return switch (name) {
      case "forward-kl" -> plain(label, forwardKl());
      case "reverse-kl" -> plain(label, reverseKl());
      case "mixed" -> withParameter(label, Mixed::new);
      case "jsd" -> withParameter(label, JensenShannon::new);
      case "skew-forward-kl" -> withParameter(label, SkewForwardKl::new);
      case "skew-reverse-kl" -> withParameter(label, SkewReverseKl::new);
      case "tvd" -> plain(label, totalVariation());
      case "logit-mse" -> plain(label, logitMse());
      default -> throw new IllegalArgumentException("unknown divergence '" + label + "'"
          + Names.suggestion(name, List.of("forward-kl",
          "reverse-kl", "mixed", "jsd", "skew-forward-kl", "skew-reverse-kl", "tvd", "logit-mse"))
          + "; known: forward-kl, reverse-kl, mixed:L, jsd:B, skew-forward-kl:A, skew-reverse-kl:A, tvd, logit-mse");
    };
  }

  private static Divergence plain(String label, Divergence divergence) {
    if (label.indexOf(':') >= 0) {
      throw new IllegalArgumentException("divergence " + divergence.label() + " takes no parameter, found '" + label
          + "'");
    }
    return divergence;
  }

  private static Divergence withParameter(String label, DoubleFunction<Divergence> kind) {
    int colon = label.indexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException("divergence " + label + " needs its parameter, such as " + label + ":0.5");
    }
    String name = label.substring(0, colon);
    String number = label.substring(colon + 1);
    try {
      return kind.apply(Double.parseDouble(number));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "divergence " + name + ": '" + number + "' is not a number; expected something like " + name + ":0.5", e);
    }
  }

  private static void requireInterior(String kind, String name, double value, String remedy) {
    if (!(value > 0 && value < 1)) {
      throw new LossArgumentException(
          kind + ": " + name + " is ", value, ", expected a number strictly between 0 and 1; " + remedy);
    }
  }

  private static void requireSkew(String kind, double value, String remedy) {
    if (!(value >= 0 && value < 1)) {
      throw new LossArgumentException(
          kind + ": skew is ", value, ", expected a number from 0 up to, not including, 1; " + remedy);
    }
  }
}
