package dev.temper;

/**
 * The meaning of the classes without a slot in a row of a top-k teacher, which are the rest of the row. {@code S} is
 * the set of classes with a slot; {@code P} and {@code Q} are the masses of teacher and student on {@code S}.
 */
public enum Tail {
  /** {@code sum over S of p log(p/q)}: the rest is left out. The sum may be negative. Forward KL only. */
  TRUNCATE("truncate"),
  /** The teacher is {@code p/P} on {@code S}, the student keeps all its classes. Forward KL only. */
  RENORMALISE_TEACHER("renormalise-teacher"),
  /** Teacher and student are compared on {@code S} as if the row had these classes only. */
  RENORMALISE_BOTH("renormalise-both"),
  /** The rest is one more class, of mass {@code 1 - P} for the teacher and {@code 1 - Q} for the student. */
  BUCKET("bucket");

  private final String label;

  Tail(String label) {
    this.label = label;
  }

  /** Name as the command line writes it, such as {@code bucket}. */
  public String label() {
    return label;
  }

  /** Whether the divergence is defined for this meaning of the rest. */
  public boolean allows(Divergence divergence) {
    boolean isForwardKl = divergence instanceof Divergence.ForwardKl;
    boolean hasMore = this == RENORMALISE_BOTH || this == BUCKET;
    return isForwardKl || (hasMore && (divergence instanceof Divergence.ReverseKl
        || divergence instanceof Divergence.JensenShannon));
  }
}
