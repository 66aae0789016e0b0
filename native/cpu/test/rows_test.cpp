// Tests of the rows of the CPU engine: every value form with every gradient form, in rows and in tiles, against f64;
// and partials of any cut of a row, which merge to the row.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <random>
#include <vector>

#include "../partial.h"

namespace temper {
namespace {

// Value and gradient do not belong together, so that each shows its own errors. The values are KL(q, p),
// sum q min(p, q)/max(p, q), and the mean of |z - u|. The gradients are 2q - 3p, q (log(p/q) - D), their sum, and
// z - u.
template <class V, ValueForm value, GradientForm gradient_form, bool near_equal> struct Generic {
  static constexpr ValueForm kValue = value;
  static constexpr GradientForm kGradient = gradient_form;
  static constexpr bool kLinear = is_linear(kGradient), kCentred = is_centred(kGradient);
  static constexpr bool kQuadratic = false, kInfiniteLimit = false, kFar = false, kNear = near_equal;
  static constexpr bool kSeparateLabel = false;
  static constexpr int kRawSums = value == ValueForm::kRawSums ? 1 : 0;
  static constexpr int kSums = 1, kClassSums = 1;
  static constexpr float kMostLog2 = 300.0f;
  static constexpr bool kShares = false;
  float inverse_classes;

  TEMPER_INLINE static Generic of(const DivergenceParameters& p) { return {1.0f / p.classes}; }
  TEMPER_INLINE float nearly_equal() const { return near_equal ? 1e30f : -1e30f; }

  TEMPER_INLINE void add_raw(V* raw, V s, V t, V es, V et) const { ReverseKl<V>{}.add_raw(raw, s, t, es, et); }
  TEMPER_INLINE void add_raw_any(V* raw, V s, V t, V es, V et) const { ReverseKl<V>{}.add_raw_any(raw, s, t, es, et); }
  TEMPER_INLINE void shift_raw(V* raw, V student_sum, V teacher_sum, V ds, V dt, V fs, V ft) const {
    ReverseKl<V>{}.shift_raw(raw, student_sum, teacher_sum, ds, dt, fs, ft);
  }
  TEMPER_INLINE void finish_raw(const V* raw, V student_sum, V teacher_sum, V unit, V* sums) const {
    ReverseKl<V>{}.finish_raw(raw, student_sum, teacher_sum, unit, sums);
  }
  TEMPER_INLINE float teacher_weight() const { return 1; }
  TEMPER_INLINE float student_weight() const { return 1; }
  TEMPER_INLINE V log2_weights() const { return V{}; }
  TEMPER_INLINE V add_class(V* sums, const WeightedClass<V>& c) const {
    sums[0] = fma(c.q, c.lesser, sums[0]);
    return c.log2;
  }
  TEMPER_INLINE void add_logits(V* sums, V z, V u) const { sums[0] = sums[0] + abs(select(z == u, V{}, z - u)); }
  TEMPER_INLINE void finish(V* sums) const {
    if (value == ValueForm::kLogits) sums[0] = inverse_classes * sums[0];
  }
  TEMPER_INLINE RowGradient<V> row_gradient(const V* sums, V student, V teacher) const {
    V linear = kLinear ? 2.0f * student : V{}, centred = kCentred ? student : V{};
    return {linear - centred * sums[0], kLn2 * centred, kLinear ? -3.0f * teacher : V{}};
  }
  TEMPER_INLINE V slope(const Odds<V>& odds) const { return odds.log2; }
  TEMPER_INLINE V coefficient(V slope, const RowGradient<V>& g) const { return fma(slope, g.slope, g.student); }
  TEMPER_INLINE V logit_gradient(V z, V u, V factor) const { return factor * (z - u); }

  TEMPER_INLINE void add(V* sums, const Element<V>& e) const {
    if (value == ValueForm::kRawSums) sums[0] = sums[0] + kl_term(e.q, -e.difference, -e.log_ratio);
    else sums[0] = sums[0] + e.q * min(e.p, e.q) / max(max(e.p, e.q), V{} + 1e-30f);
  }
  TEMPER_INLINE void finish_elements(V*) const {}
  TEMPER_INLINE V gradient(const Element<V>& e, const V* sums) const {
    V linear = kLinear ? 2.0f * e.q - 3.0f * e.p : V{};
    return kCentred ? linear + e.q * (e.log_ratio - sums[0]) : linear;
  }
};

}  // namespace
}  // namespace temper

#include "../list_rows.h"
#include "../teacher_rows.h"

using namespace temper;

static int failures = 0;

static void expect(const char* what, int row, int column, double found, double expected, double bound) {
  if (fabs(found - expected) <= bound) return;
  failures++;
  if (failures < 50) printf("FAILED %s [%d, %d]: found %.9g, expected %.9g\n", what, row, column, found, expected);
}

static std::vector<double> softmax(const float* x, int n, double temperature) {
  std::vector<double> p(n);
  double max = -INFINITY, sum = 0;
  for (int i = 0; i < n; i++) max = fmax(max, x[i]);
  for (int i = 0; i < n; i++) sum += p[i] = exp((x[i] - max) / temperature);
  for (double& pi : p) pi /= sum;
  return p;
}

constexpr double kSoft = 0.75, kHard = 0.25, kTemperature = 2;

template <class P> static void check_row(const char* what, int row, int n, const float* z, const float* u, int label,
                                         float soft, const float* gradient) {
  std::vector<double> q = softmax(z, n, kTemperature), p = softmax(u, n, kTemperature), r = softmax(z, n, 1);
  double d = 0;
  for (int i = 0; i < n; i++)
    d += P::kValue == ValueForm::kRawSums   ? q[i] * log(q[i] / p[i])
         : P::kValue == ValueForm::kClasses ? q[i] * fmin(p[i], q[i]) / fmax(p[i], q[i])
                                            : fabs((double)z[i] - u[i]) / n;
  expect(what, row, -1, soft, d, 1e-5 * d);
  for (int i = 0; i < n; i++) {
    bool elementwise = P::kGradient == GradientForm::kElementwise;
    double linear = P::kLinear ? 2 * q[i] - 3 * p[i] : 0;
    double centred = P::kCentred ? q[i] * (log(p[i] / q[i]) - d) : 0;
    double part = elementwise ? (double)z[i] - u[i] : linear + centred;
    double expected = kSoft / kTemperature * part + kHard * (r[i] - (i == label));
    double size = elementwise ? fabs(part) : p[i] + q[i] * 10;
    expect(what, row, i, gradient[i], expected, 1e-5 * (size + r[i]) + (i == label ? 1e-7 : 0));
  }
}

template <ValueForm value, GradientForm gradient_form, bool near_equal>
static void check_form(const char* what, int n) {
  using P = Generic<V, value, gradient_form, near_equal>;
  constexpr int kRows = 19;
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> z((size_t)kRows * n), u(z.size()), gradient(z.size()), soft(kRows);
  std::vector<int> labels(kRows);
  for (int row = 0; row < kRows; row++) {
    labels[row] = row * 7 % n;
    for (int i = 0; i < n; i++) {
      z[row * n + i] = 3 * normal(random) + (row % 3) * 50;
      u[row * n + i] = 3 * normal(random) - (row % 2) * 50;
    }
  }
  LossParameters p = {};
  p.rows = kRows;
  p.classes = p.gradient_width = n;
  p.student_stride = p.teacher_stride = p.gradient_stride = n;
  p.labels = labels.data();
  p.label_bytes = 4;
  p.ignore_index = -100;
  p.soft_weight = kSoft, p.hard_weight = kHard;
  p.soft_divisor = p.hard_divisor = p.gradient_scale = 1;
  p.tempered = 1;
  p.pass = kForwardBackwardPass;
  p.temperature = p.teacher_temperature = kTemperature;
  LossJob job = {p, {z.data(), n, kF32, n}, {u.data(), n, kF32, n}, {gradient.data(), n, kF32, n}, nullptr, nullptr,
                 (UnalignedFloat*)soft.data(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                 nullptr, GradientFactors::of(p, {1, 1}), false, false};
  std::vector<float> arrays(7 * 8192);
  Scratch scratch = {arrays.data(), &arrays[8192], &arrays[2 * 8192], &arrays[3 * 8192], &arrays[4 * 8192],
                     &arrays[5 * 8192], &arrays[6 * 8192]};
  ChunkTotals totals = {};
  compute_rows<P>(job, scratch, 0, kRows, totals);
  for (int row = 0; row < kRows; row++)
    check_row<P>(what, row, n, &z[row * n], &u[row * n], labels[row], soft[row], &gradient[row * n]);
}

template <bool near_equal> static void check_forms(int n) {
  check_form<ValueForm::kRawSums, GradientForm::kLinear, near_equal>("raw sums, linear", n);
  check_form<ValueForm::kRawSums, GradientForm::kCentred, near_equal>("raw sums, centred", n);
  check_form<ValueForm::kRawSums, GradientForm::kBoth, near_equal>("raw sums, both", n);
  check_form<ValueForm::kRawSums, GradientForm::kElementwise, near_equal>("raw sums, elementwise", n);
  check_form<ValueForm::kClasses, GradientForm::kElementwise, near_equal>("classes, elementwise", n);
  check_form<ValueForm::kClasses, GradientForm::kLinear, near_equal>("classes, linear", n);
  check_form<ValueForm::kClasses, GradientForm::kCentred, near_equal>("classes, centred", n);
  check_form<ValueForm::kClasses, GradientForm::kBoth, near_equal>("classes, both", n);
}

template <class Raw>
static void check_merge(const Raw& policy, double student_temperature, double teacher_temperature) {
  constexpr int n = 5000;
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  alignas(64) static float z[8192], u[8192], unused[8192];
  for (int i = 0; i < n; i++) z[i] = 3 * normal(random) + (i > 4000 ? 40 : 0), u[i] = 3 * normal(random) - 1000;
  RowScales scales(student_temperature, teacher_temperature);
  auto partial_of = [&](int first, int end) {
    alignas(64) static float zs[8192], us[8192];
    int length = padded(end - first);
    for (int i = 0; i < length; i++) zs[i] = us[i] = -kInfinity;
    memcpy(zs, z + first, (size_t)(end - first) * sizeof(float));
    memcpy(us, u + first, (size_t)(end - first) * sizeof(float));
    const char* at = (const char*)z;
    RowPartial<Raw> partial;
    partial.student_max = block_max(zs, length), partial.teacher_max = block_max(us, length);
    for (int i = 0; i < length; i += kSubBlock) {
      int part = length - i < kSubBlock ? length - i : kSubBlock;
      sum_block<Raw, true, HardExp::kSeparate, false, true, true>(policy, scales, zs + i, us + i, part, partial,
                                                                  {unused, unused, unused, unused},
                                                                  {{at, 0}, {at, 0}, {at, 0}});
    }
    return partial;
  };
  auto cut = [&](int pieces, unsigned seed) {
    std::mt19937 places(seed);
    std::vector<int> cuts = {0, n};
    for (int i = 1; i < pieces; i++) {
      int last = cuts[cuts.size() - 2];
      cuts.insert(cuts.end() - 1, last + (int)(places() % (2 * n / pieces)));
    }
    RowPartial<Raw> total;
    for (size_t i = cuts.size() - 1; i > 0; i--)  // from the end, where the maxima are
      if (cuts[i - 1] < n && cuts[i - 1] < cuts[i])
        total.merge(policy, scales, partial_of(cuts[i - 1], cuts[i] < n ? cuts[i] : n));
    return total;
  };
  RowPartial<Raw> whole = partial_of(0, n);
  for (int pieces : {2, 3, 17, 200})
    for (unsigned seed = 0; seed < 5; seed++) {
      RowPartial<Raw> total = cut(pieces, seed), again = cut(pieces, seed);
      if (memcmp(&total, &again, sizeof total) != 0) expect("same bits", pieces, (int)seed, 1, 0, 0);
      expect("student sum", pieces, (int)seed, sum_lanes(total.student), sum_lanes(whole.student),
             1e-5 * sum_lanes(whole.student));
      expect("teacher sum", pieces, (int)seed, sum_lanes(total.teacher), sum_lanes(whole.teacher),
             1e-5 * sum_lanes(whole.teacher));
      expect("hard sum", pieces, (int)seed, sum_lanes(total.hard), sum_lanes(whole.hard), 1e-5 * sum_lanes(whole.hard));
      for (int k = 0; k < Raw::kRawSums; k++)
        expect("raw sum", pieces, (int)seed, sum_lanes(total.raw[k]), sum_lanes(whole.raw[k]),
               1e-5 * (fabs(sum_lanes(whole.raw[k])) + 10 * sum_lanes(whole.student)));
    }
}

int main() {
  for (int n : {20, 1500, 3000}) {
    check_forms<false>(n);
    check_forms<true>(n);
    check_form<ValueForm::kLogits, GradientForm::kLinear, false>("logits, linear", n);
    check_form<ValueForm::kLogits, GradientForm::kCentred, false>("logits, centred", n);
    check_form<ValueForm::kLogits, GradientForm::kBoth, false>("logits, both", n);
    check_form<ValueForm::kLogits, GradientForm::kElementwise, false>("logits, elementwise", n);
  }
  check_merge(ForwardKl<V>{}, 2, 2);
  check_merge(ReverseKl<V>{}, 4, 1);
  check_merge(MixedKl<V>{0.3f, 0.7f}, 1, 3);
  if (failures == 0) printf("rows: passed\n");
  return failures == 0 ? 0 : 1;
}
