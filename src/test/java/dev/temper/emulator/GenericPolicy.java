package dev.temper.emulator;

import dev.temper.kernel.code.KernelSource;
import java.util.TreeMap;

/**
 * A policy with a value form and a gradient form, as C++ text and as formulas in f64, for tests of the traversal. The
 * gradient is not the derivative of the value, so that errors of one do not hide errors of the other.
 */
record GenericPolicy(Value value, Gradient gradient, boolean nearEqual) {

  /** The value forms: {@code KL(q, p)}, {@code sum q min(p, q)/max(p, q)} and the mean of {@code |z - u|}. */
  enum Value {
    RAW_SUMS, CLASSES, LOGITS
  }

  /** The gradient forms: {@code 2q - 3p}, {@code q (log(p/q) - D)}, the sum of both, and {@code z - u}. */
  enum Gradient {
    LINEAR, CENTRED, BOTH, ELEMENTWISE;

    boolean isLinear() {
      return this == LINEAR || this == BOTH;
    }

    boolean isCentred() {
      return this == CENTRED || this == BOTH;
    }
  }

  /** Returns the sources in which every divergence is this policy. */
  KernelSource source(String name) {
    KernelSource source = KernelSource.load(name);
    String use = "using Policy = TEMPER_DIVERGENCE<float>;";
    if (!source.text().contains(use)) {
      return source;
    }
    TreeMap<String, String> headers = new TreeMap<>(source.headers());
    headers.merge("divergence/all.h", code(), String::concat);
    return new KernelSource(source.file(), source.text().replace(use, "using Policy = GenericPolicy<float>;"), headers);
  }

  private String code() {
    return """

        namespace temper {
        template <class V> struct GenericPolicy {
          static constexpr ValueForm kValue = ValueForm::%s;
          static constexpr GradientForm kGradient = GradientForm::%s;
          static constexpr bool kLinear = is_linear(kGradient), kCentred = is_centred(kGradient);
          static constexpr bool kInfiniteLimit = false;
          static constexpr bool kFar = false;
          static constexpr bool kSeparateLabel = false;
          static constexpr bool kEstimates = false;
          static constexpr int kRawSums = kValue == ValueForm::kRawSums ? 1 : 0;
          static constexpr int kSums = 1, kClassSums = 1;
          static constexpr float kMostLog2 = 300.0f;
          static constexpr bool kShares = false;
          float inverse_classes;

          TEMPER_INLINE static GenericPolicy of(const DivergenceParameters& p) { return {1.0f / p.classes}; }
          TEMPER_INLINE float nearly_equal() const { return %s; }

          TEMPER_INLINE void add_raw(V* raw, V s, V t, V es, V) const { raw[0] = fma(es, s - t, raw[0]); }
          TEMPER_INLINE void add_raw_any(V* raw, V s, V t, V es, V) const {
            raw[0] = fma(es, max(s - t, V{} - kLargest), raw[0]);
          }
          TEMPER_INLINE void shift_raw(V* raw, V student_sum, V, V ds, V dt, V fs, V) const {
            raw[0] = fs * fma(student_sum, dt - ds, raw[0]);
          }
          TEMPER_INLINE void finish_raw(const V* raw, V student_sum, V teacher_sum, V unit, V* sums) const {
            sums[0] = kl_of_raw(raw[0], student_sum, teacher_sum, unit);
          }
          TEMPER_INLINE float teacher_weight() const { return 1; }
          TEMPER_INLINE float student_weight() const { return 1; }
          TEMPER_INLINE V log2_weights() const { return V{}; }
          TEMPER_INLINE V add_class(V* sums, const WeightedClass<V>& c) const {
            sums[0] = fma(c.q, c.lesser, sums[0]);
            return c.log2;
          }
          TEMPER_INLINE void add_logits(V* sums, V z, V u) const {
            sums[0] = sums[0] + abs(select(z == u, V{}, z - u));
          }
          TEMPER_INLINE void finish(V* sums) const {
            if (kValue == ValueForm::kLogits) sums[0] = inverse_classes * sums[0];
          }
          TEMPER_INLINE RowGradient<V> row_gradient(const V* sums, V student, V teacher) const {
            V linear = kLinear ? 2.0f * student : V{}, centred = kCentred ? student : V{};
            return {linear - centred * sums[0], kLn2 * centred, kLinear ? -3.0f * teacher : V{}};
          }
          TEMPER_INLINE V slope(const Odds<V>& odds) const { return odds.log2; }
          TEMPER_INLINE V coefficient(V slope, const RowGradient<V>& g) const { return fma(slope, g.slope, g.student); }
          TEMPER_INLINE V logit_gradient(V z, V u, V factor) const { return factor * (z - u); }

          TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
            if (kValue == ValueForm::kRawSums)
              sums[0] = sums[0] + kl_term(e.q, -e.difference, -e.log_ratio);
            else
              sums[0] = sums[0] + e.q * min(e.p, e.q) / max(e.p, e.q);
          }
          TEMPER_INLINE void finish_elements(V*) const {}
          TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
            V linear = kLinear ? 2.0f * e.q - 3.0f * e.p : V{};
            return kCentred ? linear + e.q * (e.log_ratio - sums[0]) : linear;
          }
        };
        }  // namespace temper
        """.formatted(switch (value) {
          case RAW_SUMS -> "kRawSums";
          case CLASSES -> "kClasses";
          case LOGITS -> "kLogits";
        }, switch (gradient) {
          case LINEAR -> "kLinear";
          case CENTRED -> "kCentred";
          case BOTH -> "kBoth";
          case ELEMENTWISE -> "kElementwise";
        }, nearEqual ? "1e30f" : "-1e30f");
  }

  /** Returns D of a row. */
  double value(float[] z, float[] u, double[] p, double[] q) {
    double sum = 0;
    for (int i = 0; i < z.length; i++) {
      sum += switch (value) {
        case RAW_SUMS -> q[i] * Math.log(q[i] / p[i]);
        case CLASSES -> q[i] * Math.min(p[i], q[i]) / Math.max(p[i], q[i]);
        case LOGITS -> Math.abs((double) z[i] - u[i]) / z.length;
      };
    }
    return sum;
  }

  /** Returns dD/ds of a class, or dD/dz of the elementwise form. */
  double gradient(double d, float z, float u, double p, double q) {
    return gradient == Gradient.ELEMENTWISE ? (double) z - u
        : (gradient.isLinear() ? 2 * q - 3 * p : 0) + (gradient.isCentred() ? q * (Math.log(p / q) - d) : 0);
  }
}
