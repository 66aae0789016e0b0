// Options of the loss that need loops of their own over a block: softcap, label smoothing and entropies.
#pragma once

#include "gradient_blocks.h"

namespace temper {
namespace {

// e^(-2|x|) - 1, accurate relative to itself.
TEMPER_INLINE V expm1_of_twice(V x) {
  V d = 2.0f * abs(x), direct = exp2_scaled(-d, splat(kLog2E), splat(kLowest / kLog2E)) - 1.0f;
  return select(d < kSeries, expm1_series(d), direct);
}
TEMPER_INLINE V tanh(V x) {
  V e = expm1_of_twice(x), y = -e / (2.0f + e);
  return select(x < 0.0f, -y, y);
}
// 1 - tanh^2(x), without the cancellation for large x.
TEMPER_INLINE V tanh_derivative(V x) {
  V e = exp2_scaled(-2.0f * abs(x), splat(kLog2E), splat(kLowest / kLog2E)), sum = 1.0f + e;
  return 4.0f * e / (sum * sum);
}

// c tanh(z/c). Logits that are not finite are not changed, so that -inf still marks an absent class.
TEMPER_INLINE V softcapped(V z, float cap) {
  return select(abs(z) <= kLargest, cap * tanh(z / cap), z);
}

void softcap_block(float* z, int n, float cap) {
  for (int i = 0; i < n; i += kLanes) store(softcapped(load(z + i), cap), z + i);
}

// Multiplies the gradient by the derivative of the softcap, 1 - tanh^2(z/c), for uncapped z.
void softcap_gradient_block(const float* z, int n, float cap, float* gradient) {
  for (int i = 0; i < n; i += kLanes) store(load(gradient + i) * tanh_derivative(load(z + i) / cap), gradient + i);
}

// The present classes of a row, for label smoothing.
struct PresentClasses {
  double count = 0, sum = 0;  // number of logits above -inf, and their sum

  void add(const float* z, int n, float shift) {
    V sum_shifted = {}, present = {};
    for (int i = 0; i < n; i += kLanes) {
      V zi = load(z + i);
      auto is_present = zi > -kInfinity;
      present += select(is_present, splat(1.0f), V{});
      sum_shifted += select(is_present, zi - shift, V{});
    }
    double added = sum_lanes(present);
    count += added;
    sum += sum_lanes(sum_shifted) + added * shift;
  }
};

// Subtracts `amount` from the gradient of every present class.
void subtract_from_present(const float* z, int n, float amount, float* gradient) {
  for (int i = 0; i < n; i += kLanes)
    store(load(gradient + i) - select(load(z + i) > -kInfinity, splat(amount), V{}), gradient + i);
}

// The entropy of a softmax, log S - sum p s with s = (z - max z)/T, S = sum e^s and p = e^s/S.
struct Entropy {
  Exponential exponential;
  V inverse_temperature, sum = {}, weighted = {};

  explicit Entropy(double temperature)
      : exponential(temperature), inverse_temperature(splat((float)(1 / temperature))) {}

  // A class without probability adds 0.
  void add(const float* z, int n, float shift) {
    for (int from = 0; from < n; from += kSubBlock) {
      V block_sum = {}, block_weighted = {};
      for (int i = from; i < n && i < from + kSubBlock; i += kLanes) {
        V s = load(z + i) - shift, e = exponential(s);
        block_sum += e;
        block_weighted += select(e > 0.0f, e * (s * inverse_temperature), V{});
      }
      sum += block_sum;
      weighted += block_weighted;
    }
  }
  float value() const {
    float total = sum_lanes(sum);
    if (!(total > 0 && total < kInfinity)) return __builtin_nanf("");
    return first_lane(log(splat(total))) - sum_lanes(weighted) / total;
  }
};

}  // namespace
}  // namespace temper
