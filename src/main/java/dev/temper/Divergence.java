package dev.temper;

/**
 * How the distance between teacher and student is measured in the soft part of the loss. The formulas use the teacher's
 * distribution {@code p = softmax(u/T)}, the student's {@code q = softmax(z/T)} and {@code KL(a, b) = sum a (log a -
 * log b)}, in nats.
 *
 * <p>Every kind but {@link LogitMse} is multiplied by {@code T^2} (see {@link
 * DistillationLoss.Builder#temperatureScaling}).
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

  /**
   * {@code -log A} with the acceptance rate {@code A = sum min(p, q)} of speculative decoding, for which draft models
   * are trained (Leviathan et al. 2023).
   */
  record NegativeLogAcceptance() implements Divergence {
    @Override
    public String label() {
      return "nla";
    }
  }

  /**
   * Decoupled distillation {@code a KL((p_y, 1 - p_y), (q_y, 1 - q_y)) + b KL(p', q')} (Zhao et al. 2022). {@code p'}
   * and {@code q'} are the softmax over all classes except the label {@code y}, so every row needs a label.
   *
   * @param a weight of the KL between the label and the rest, finite and 0 or more
   * @param b weight of the KL within the rest, finite and 0 or more; {@code a} and {@code b} are not both 0
   */
  record Dkd(double a, double b) implements Divergence {
    /** Checks the weights. */
    public Dkd {
      requireDkdWeight("a", a);
      requireDkdWeight("b", b);
      if (a == 0 && b == 0) {
        throw new LossArgumentException("dkd: a and b are both 0, expected at least one above 0; the divergence would "
            + "be 0 whatever the student does");
      }
    }

    @Override
    public String label() {
      return "dkd:" + a + "," + b;
    }
  }

  /** Mean over the classes of {@code (z - u)^2}, without a temperature (Ba and Caruana 2014). */
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

  /** {@link NegativeLogAcceptance}. */
  static Divergence negativeLogAcceptance() {
    return new NegativeLogAcceptance();
  }

  /** {@link Dkd} with the weight of the label against the rest and the weight within the rest. */
  static Divergence dkd(double a, double b) {
    return new Dkd(a, b);
  }

  /**
   * Returns the divergence of a {@link #label()}.
   *
   * @throws IllegalArgumentException if the name is unknown (the message lists the known ones), or its parameter is
   *     missing, superfluous or out of range
   */
  static Divergence parse(String text) {
    return DivergenceLabels.parse(text);
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

  private static void requireDkdWeight(String name, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new LossArgumentException("dkd: " + name + " is ", value, ", expected a finite number of 0 or more");
    }
  }
}
