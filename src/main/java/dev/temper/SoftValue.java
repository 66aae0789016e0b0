package dev.temper;

/** The number that is reported for the soft part of a forward KL. The gradient is the same for both. */
public enum SoftValue {
  /** {@code T^2 KL(p, q)}, which is 0 for a student that equals its teacher. */
  KL("kl"),
  /** {@code T^2 (KL(p, q) + H(p)) = -T^2 sum p log q}, the cross-entropy against the teacher. */
  CROSS_ENTROPY("cross-entropy");

  private final String label;

  SoftValue(String label) {
    this.label = label;
  }

  /** Name on the command line and in messages, such as {@code cross-entropy}. */
  public String label() {
    return label;
  }
}
