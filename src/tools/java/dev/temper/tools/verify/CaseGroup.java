package dev.temper.tools.verify;

import static dev.temper.tools.verify.BoundFormula.CROSS_ENTROPY;
import static dev.temper.tools.verify.BoundFormula.DIFFERENCE;
import static dev.temper.tools.verify.BoundFormula.ENTROPY;
import static dev.temper.tools.verify.BoundFormula.EXACT;
import static dev.temper.tools.verify.BoundFormula.GRADIENT;
import static dev.temper.tools.verify.BoundFormula.HEAD;
import static dev.temper.tools.verify.BoundFormula.LISTS;
import static dev.temper.tools.verify.BoundFormula.LOG_SOFTMAX;
import static dev.temper.tools.verify.BoundFormula.LOG_SOFTMAX_BACKWARD;
import static dev.temper.tools.verify.BoundFormula.MEAN_SQUARE;
import static dev.temper.tools.verify.BoundFormula.PAIR;
import static dev.temper.tools.verify.BoundFormula.SOFTMAX;
import static dev.temper.tools.verify.BoundFormula.STANDARDISED;
import static dev.temper.tools.verify.BoundFormula.SUM;
import static dev.temper.tools.verify.BoundFormula.TEACHER;
import static dev.temper.tools.verify.BoundFormula.TEMPERATURE;
import static dev.temper.tools.verify.BoundFormula.TOTAL;
import static dev.temper.tools.verify.BoundFormula.VALUE;

import dev.temper.internal.Names;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The groups of cases: each checks one statement about the losses, and has one error bound. */
public enum CaseGroup {
  DEVICE_FUNCTIONS("each function of device.cuh alone, against the host; 2^x to 2 ulp, 4.5 ulp below 2^-126", EXACT),
  FORWARD_KL("T^2 KL(p, q), gradient T (q - p)", VALUE, GRADIENT),
  REVERSE_KL("T^2 KL(q, p)", VALUE, GRADIENT),
  MIXED("lambda KL(p, q) + (1 - lambda) KL(q, p)", VALUE, GRADIENT),
  JENSEN_SHANNON("generalised Jensen-Shannon, beta weighs the teacher", VALUE, GRADIENT),
  SKEW_FORWARD_KL("KL(p, a p + (1 - a) q)", VALUE, GRADIENT),
  SKEW_REVERSE_KL("KL(q, (1 - a) p + a q)", VALUE, GRADIENT),
  TOTAL_VARIATION("1/2 sum |p - q|, sign 0 at ties", VALUE, GRADIENT),
  NEGATIVE_LOG_ACCEPTANCE("-log sum min(p, q); a class whose p and q are equal within their errors may count to either"
      + " side, which uses its whole bound", VALUE, GRADIENT),
  DKD("a KL of label against rest + b KL within the rest", VALUE, GRADIENT),
  LOGIT_MSE("mean (z - u)^2, without a temperature", MEAN_SQUARE),
  CROSS_ENTROPY_LOSS("lse(z) - z_y, without a temperature", CROSS_ENTROPY),
  LABEL_SMOOTHING("smoothing spread over the classes that are present", CROSS_ENTROPY),
  WEIGHTS("softWeight and hardWeight need not sum to 1; a part of weight 0 is not computed, its input not read", VALUE,
      GRADIENT, CROSS_ENTROPY),
  TEMPERATURES("T from 0.5 to 1e6, with T^2 and without", VALUE, GRADIENT),
  TEACHER_TEMPERATURE("a separate teacher temperature; factor and gradient keep the student's T", VALUE, GRADIENT),
  SOFTCAP("student logits c tanh(z/c) in both parts", VALUE, GRADIENT, CROSS_ENTROPY),
  CLASSES("1 to 262,144 classes", VALUE, GRADIENT, CROSS_ENTROPY),
  CLUSTERS("rows in the shared memory of one block, or of a cluster of 2, 4, 8 or 16", VALUE, GRADIENT, CROSS_ENTROPY),
  MANY_ROWS("more rows than a GPU has multiprocessors: each block computes several, also ignored and non-finite ones",
      VALUE, GRADIENT, CROSS_ENTROPY),
  DTYPES("own dtype per tensor: f32, bf16, f16; arithmetic in f32 or better", VALUE, GRADIENT, CROSS_ENTROPY),
  LAYOUTS("own row stride per tensor, any alignment; nothing written outside the rows", VALUE, GRADIENT, CROSS_ENTROPY),
  PADDING("numClasses: padding of any content is ignored, its gradient is 0; student and teacher padded differently",
      VALUE, GRADIENT, CROSS_ENTROPY),
  LABELS("int32 and int64; ignored rows of any content do not count, their gradient is 0, with hardWeight 0 too",
      VALUE, GRADIENT, CROSS_ENTROPY),
  ROW_WEIGHTS("row weights multiply both parts; weight 0 gives 0 for any content of the row",
      VALUE, GRADIENT, CROSS_ENTROPY),
  ROW_TEMPERATURES("row temperatures replace T, in the factor too", VALUE, GRADIENT),
  REDUCTIONS("none, sum, mean, batch-mean, explicit denominator; no rows counted gives 0, never 0/0; parts apart",
      TOTAL, GRADIENT),
  OPTIONS("z-loss, teacher's softcap, standardised logits, the soft part's value as a cross-entropy", VALUE, GRADIENT,
      CROSS_ENTROPY, STANDARDISED),
  ROW_OUTPUTS("label log-probability, entropies of student and teacher", CROSS_ENTROPY, ENTROPY),
  TEMPERATURE_GRADIENT("dL/dT of the forward KL", TEMPERATURE),
  TEACHER_LISTS("a teacher given by lists: truncated, renormalised or with a bucket; unused slots, all classes", LISTS),
  TEACHER_LOG_PROBABILITIES("log-probabilities at the temperature of the loss, with each divergence and option", VALUE,
      GRADIENT, CROSS_ENTROPY, TEACHER),
  TEACHER_PROBABILITIES("probabilities at the temperature of the loss, with each divergence and option", VALUE,
      GRADIENT, CROSS_ENTROPY, TEACHER),
  TEACHER_MIXTURE("2 to 8 teachers of mixed dtypes, with each divergence and option", VALUE, GRADIENT, CROSS_ENTROPY,
      TEACHER),
  TEACHER_ROW_INDEX("selected rows, some of them shared; -1 where a row does not contribute", VALUE, GRADIENT,
      CROSS_ENTROPY, TEACHER),
  TEACHER_CLASS_MAP("a teacher with other classes; classes without a column; the unmapped mass", VALUE, GRADIENT,
      CROSS_ENTROPY, TEACHER),
  GRADIENT_ADDED("the gradient is added to values that are there", GRADIENT, CROSS_ENTROPY),
  ACCURACY("each divergence with each dtype, the soft part alone", VALUE, GRADIENT),
  COMBINATIONS("every pair of divergence, dtype, size, content and options", VALUE, GRADIENT, CROSS_ENTROPY,
      STANDARDISED, ENTROPY, TEMPERATURE),
  GRADIENT_SCALE("gradientScale multiplies the gradient only", VALUE, GRADIENT, CROSS_ENTROPY),
  IN_PLACE("in place gives the bits of out of place", EXACT),
  FORWARD_ONLY("forward without a gradient", VALUE, CROSS_ENTROPY),
  BACKWARD("backward from saved row statistics", GRADIENT, CROSS_ENTROPY),
  REFUSALS("an invalid label, weight or temperature names its first row; nothing was written, also in place", EXACT),
  ABSENT_CLASSES("both logits -inf: the class is absent; a label that names it gives +inf", VALUE, GRADIENT,
      CROSS_ENTROPY),
  TEACHER_ABSENT("teacher -inf only: its KL term is 0", VALUE, GRADIENT),
  STUDENT_ABSENT("student -inf where p > 0: +inf, gradient finite", VALUE, GRADIENT),
  NON_FINITE_ROWS("NaN, +inf or only -inf makes that row's results NaN, no others; non-finite rows are counted", VALUE,
      GRADIENT, CROSS_ENTROPY),
  EQUAL_ROWS("student equal to teacher: soft loss and gradient exactly 0", EXACT),
  NEAR_EQUALITY("student = teacher + 1e-3 noise keeps 1e-5 relative, 3 to 100,000 classes", VALUE, GRADIENT),
  LARGE_LOGITS("logits around +-1e4, row shifts of +-1e3", VALUE, GRADIENT, CROSS_ENTROPY),
  HALF_RANGE("f16 results beyond the range are infinite, subnormals are kept", VALUE, GRADIENT, CROSS_ENTROPY),
  GRADIENT_SUM("the gradient of a softmax loss sums to 0", SUM),
  SHIFT_INVARIANCE("a constant added to a row changes nothing", VALUE, GRADIENT, CROSS_ENTROPY),
  PERMUTATION("permuted classes permute the gradient", PAIR),
  SIGN("KL >= 0, JSD <= ln 2", EXACT),
  FINITE_DIFFERENCES("the gradient is the derivative of the value", DIFFERENCE),
  RERUN("the same bits, run after run", EXACT),
  ALONE_OR_IN_BATCH("a row has the same bits alone and in a batch at the same alignment", EXACT),
  SPLITTING("parts of a batch under one denominator add up", TOTAL),
  HEAD_GRADIENTS("from hidden states: totals, row values, and the gradients of hidden states, weight and bias", HEAD),
  HEAD_CHUNKS("a head in chunks: one row, one chunk for each row, a short last chunk, one chunk, no rows", HEAD),
  HEAD_OPTIONS("a head with ignored rows, weights, two denominators, padding, added gradients, 16-bit logits", HEAD),
  HEAD_DIFFERENCES("the gradients of a head are derivatives of its f64 total", HEAD, DIFFERENCE),
  HEAD_RERUN("a head gives the same bits, run after run and for any number of threads", EXACT),
  GOLDENS("numbers computed with 30 digits", VALUE, GRADIENT, CROSS_ENTROPY),
  LOG_SOFTMAX_FORWARD("x -> log softmax(x/T)", LOG_SOFTMAX),
  LOG_SOFTMAX_BACKWARD_PASS("g -> (g - softmax(x/T) sum g)/T", LOG_SOFTMAX_BACKWARD),
  SOFTMAX_INFERENCE("softmax of the plain logits", SOFTMAX),
  ARGMAX("first of the largest; the first NaN of a row that holds one", EXACT);

  private final String covers;
  private final String bound;

  CaseGroup(String covers, BoundFormula... formulas) {
    this.covers = covers;
    bound = Arrays.stream(formulas).map(BoundFormula::symbol).collect(Collectors.joining(" "));
  }

  /** The name in tables and on the command line, such as {@code forward-kl}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The group of that name.
   *
   * @throws IllegalArgumentException if there is none; the message lists the known names
   */
  public static CaseGroup of(String id) {
    List<String> known = Arrays.stream(values()).map(CaseGroup::id).toList();
    int index = known.indexOf(id);
    if (index < 0) {
      throw new IllegalArgumentException(
          "no group is named '" + id + "'" + Names.suggestion(id, known) + "; known: " + String.join(", ", known));
    }
    return values()[index];
  }

  /** The statement that the cases check. */
  public String covers() {
    return covers;
  }

  /** The error bound: the symbols of its formulas. */
  public String bound() {
    return bound;
  }

  /** Whether the results must be equal. */
  public boolean isExact() {
    return bound.equals(EXACT.symbol());
  }
}
