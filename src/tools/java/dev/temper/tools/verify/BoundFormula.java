package dev.temper.tools.verify;

/**
 * The written error bounds; {@code u = 2^-24} is the unit roundoff of f32, {@code u_out} that of the output's dtype.
 */
public enum BoundFormula {
  /** Rounding of the result. */
  OUTPUT("O", "u_out |x| + half a quantum of the output's dtype, added to every bound;"
      + " beyond its range the result is infinite"),
  /** Softmax and its relatives. */
  SOFTMAX("S", SoftmaxBound.FORMULA),
  /** Soft loss. */
  VALUE("V", "T^2 times " + DivergenceBound.VALUE + "; " + AcceptanceBound.VALUE + "; " + DecoupledBound.VALUE
      + "; as cross-entropy with the teacher, E of the teacher more"),
  /** Gradient of the soft loss. */
  GRADIENT("G", "T times " + DivergenceBound.GRADIENT),
  /** Cross-entropy and its gradient. */
  CROSS_ENTROPY("H", CrossEntropyBound.FORMULA),
  /** Logit MSE. */
  MEAN_SQUARE("M", "value: (6 + log2 C) u D; gradient: 6 u |g|"),
  /** Standardised logits and their gradient. */
  STANDARDISED("Z", StandardisedBound.FORMULA),
  /** Entropies of a row. */
  ENTROPY("E", "sum p (e u |log p + H| + (5 + log2 C) u |x|) + u (log2 C + 2 + 2 |log S|)"),
  /** Derivative with respect to the temperature. */
  TEMPERATURE("dT", TemperatureBound.FORMULA),
  /** Teachers that are given by lists. */
  LISTS("K", ListBound.FORMULA),
  /** Hidden states and heads. */
  HEAD("W", HeadOracle.FORMULA),
  /** Teachers that are prepared. */
  TEACHER("P", TeacherBound.FORMULA),
  /** Reduced losses. */
  TOTAL("T", "sum of row weight x row bound / divisor + 4u sum |row loss| / divisor"),
  /** Log-softmax. */
  LOG_SOFTMAX("L", "2u |x_i| + sum p e u + u (log2 C + 1 + |log S| + |log p_i|)"),
  /** Backward of log-softmax. */
  LOG_SOFTMAX_BACKWARD("B", "(eps_p p |sum g| + p (2 + log2 C) u sum |g| + 4u (|g| + p |sum g|)) / T"),
  /** Comparison of two runs. */
  PAIR("2x", "the bounds of both runs added"),
  /** Sums over the classes. */
  SUM("+", "sum of the bounds of the gradients of the row"),
  /** Finite differences. */
  DIFFERENCE("D", "the gradient's bound + 1e-9 (1 + |g|): fourth-order differences of the f64 value, step 2^-10"),
  /** Equality. */
  EXACT("=", "0: the same bits, or exactly the number that is named");

  private final String symbol;
  private final String text;

  BoundFormula(String symbol, String text) {
    this.symbol = symbol;
    this.text = text;
  }

  /** Short name in tables. */
  public String symbol() {
    return symbol;
  }

  /** The formula. */
  public String text() {
    return text;
  }
}
