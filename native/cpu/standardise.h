// Standardised logits: (x - mean)/(sd + e) over the finite logits of a row, for the soft part. A softmax does not
// change if a constant is subtracted from its logits, so that the value only needs a temperature multiplied by sd + e.
// The gradient has further terms.
#pragma once

#include "row_options.h"

namespace temper {
namespace {

// Mean and deviation of the finite logits of one tensor. The caller passes all logits to add() and, after
// finish_mean(), again to add_squares().
struct Standardisation {
  static constexpr double kEpsilon = 1e-7;

  double count = 0, mean = 0, squares = 0;
  float max = -kInfinity, negated_min = -kInfinity;

  void add(const float* x, int n) {
    V sum = {}, present = {}, largest = splat(-kInfinity), smallest = largest;
    float reference = max == -kInfinity ? x[0] : max;
    if (reference == -kInfinity) reference = 0;
    for (int i = 0; i < n; i += kLanes) {
      V xi = load(x + i);
      auto is_present = xi > -kInfinity;
      present += select(is_present, splat(1.0f), V{});
      sum += select(is_present, xi - reference, V{});
      largest = temper::max(xi, largest);
      smallest = temper::max(select(is_present, -xi, splat(-kInfinity)), smallest);
    }
    double added = sum_lanes(present);
    mean += sum_lanes(sum) + added * reference;
    count += added;
    float block_max = max_lanes(largest), block_min = max_lanes(smallest);
    max = block_max > max ? block_max : max;
    negated_min = block_min > negated_min ? block_min : negated_min;
  }
  void finish_mean() { mean /= count; }

  // x - mean. The maximum is subtracted from both first, because a large mean has a large rounding error in f32.
  TEMPER_INLINE V centred(V x) const { return (x - max) - (float)(mean - max); }

  void add_squares(const float* x, int n) {
    V sum = {};
    for (int i = 0; i < n; i += kLanes) {
      V xi = load(x + i), d = centred(xi);
      sum += select(xi > -kInfinity, d * d, V{});
    }
    squares += sum_lanes(sum);
  }

  // False if all logits are equal: the soft part is 0 then.
  bool is_spread() const { return max > -negated_min; }
  double deviation() const { return __builtin_sqrt(squares / (count - 1)); }
  double divisor() const { return deviation() + kEpsilon; }
};

// The gradient for the logits from the gradient h for the standardised ones:
// (h - mean h)/(sd + e) - (x - mean)/((C - 1) sd (sd + e)^2) sum h (x - mean), over the C present classes.
struct StandardisedGradient {
  Standardisation standardisation;
  double sum = 0, product = 0;  // sum h, sum h (x - mean)
  float scale = 1, mean_h = 0, slope = 0;

  void add(const float* x, const float* h, int n) {
    V total = {}, weighted = {};
    for (int i = 0; i < n; i += kLanes) {
      V xi = load(x + i), hi = select(xi > -kInfinity, load(h + i), V{});
      total += hi;
      weighted += select(xi > -kInfinity, hi * standardisation.centred(xi), V{});
    }
    sum += sum_lanes(total);
    product += sum_lanes(weighted);
  }
  void finish() {
    const Standardisation& s = standardisation;
    double divisor = s.divisor();
    scale = (float)(1 / divisor);
    mean_h = (float)(sum / s.count);
    slope = (float)(product / (divisor * divisor * (s.count - 1) * s.deviation()));
  }
  void apply(const float* x, float* h, int n) const {
    for (int i = 0; i < n; i += kLanes) {
      V xi = load(x + i);
      V g = (load(h + i) - mean_h) * scale - standardisation.centred(xi) * slope;
      store(select(xi > -kInfinity, g, V{}), h + i);
    }
  }
};

}  // namespace
}  // namespace temper
