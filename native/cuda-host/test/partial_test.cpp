// Tests of kernels/row/partial.cuh: partials of any cut of a row merge to the row, and a cut always gives the same
// bits.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <random>
#include <type_traits>
#include <vector>

#include "cuda_host.h"
#include "row/partial.cuh"
#include "divergence/all.h"  // after float_math.cuh

using namespace temper;

static int failures = 0;

template <template <class> class P, ExpReuse REUSE> struct TestSpec {
  using Policy = P<float>;
  static constexpr bool kSoft = true, kHard = true, kSmoothing = true, kEntropies = true;
  static constexpr ExpReuse kExpReuse = REUSE;
};

struct Rows {
  std::vector<float> z, u;
  float temperature, teacher_temperature;
};

// The partial of the classes [first, end), added four at a time as a thread adds its vectors.
template <class Partial> static void add(Partial& partial, const Rows& row, size_t first, size_t end) {
  for (size_t i = first; i < end; i += 4) {
    float z = -infinity(), u = -infinity();
    for (size_t k = i; k < end && k < i + 4; k++) {
      z = max(z, row.z[k]);
      u = max(u, row.u[k]);
    }
    partial.note_maxima(z, u);
    for (size_t k = i; k < end && k < i + 4; k++) 
      partial.template add<true>(row.z[k], row.u[k], true, k % 2 == 0 ? partial.sums : partial.odd_sums);
  }
  partial.join_odd();
}

// Cuts the row at random places, and merges neighbours in a random order.
template <class Spec> static RowPartial<Spec> merged(const Rows& row, unsigned pieces, unsigned seed) {
  using Partial = RowPartial<Spec>;
  std::mt19937 random(seed);
  auto policy = Spec::Policy::of({0.3f, 0.7f, float(row.z.size())});
  Partial none(policy, {kLog2E / row.temperature, kLog2E / row.teacher_temperature});
  std::vector<size_t> cuts(pieces - 1);
  for (size_t& cut : cuts) cut = random() % row.z.size();
  cuts.push_back(0);
  cuts.push_back(row.z.size());
  std::sort(cuts.begin(), cuts.end());
  std::vector<Partial> partials;
  for (size_t i = 0; i + 1 < cuts.size(); i++) {
    partials.push_back(none);
    add(partials.back(), row, cuts[i], cuts[i + 1]);
  }
  while (partials.size() > 1) {
    size_t i = random() % (partials.size() - 1);
    partials[i].merge(partials[i + 1]);
    for (size_t k = i + 1; k + 1 < partials.size(); k++) memcpy(&partials[k], &partials[k + 1], sizeof(Partial));
    partials.pop_back();
  }
  return partials[0];
}

static void expect(const char* what, double found, double expected, double bound) {
  if (fabs(found - expected) <= bound) return;
  failures++;
  printf("FAILED %s: found %.9g, expected %.9g, bound %.1e\n", what, found, expected, bound);
}

// log2 of the sum of 2^(x c), and the mean of x c over the softmax.
struct Softmax {
  double log2_sum, mean;

  Softmax(const std::vector<float>& x, double c) {
    double largest = -INFINITY, sum = 0, weighted = 0;
    for (float xi : x) largest = fmax(largest, xi * c);
    for (float xi : x) {
      sum += ::exp2(xi * c - largest);
      weighted += ::exp2(xi * c - largest) * (xi * c);
    }
    log2_sum = ::log2(sum) + largest;
    mean = weighted / sum;
  }
};

template <class Spec> static void check(const Rows& row, unsigned pieces, unsigned seed) {
  RowPartial<Spec> partial = merged<Spec>(row, pieces, seed), again = merged<Spec>(row, pieces, seed);
  float sums[RowPartial<Spec>::kSums], sums_again[RowPartial<Spec>::kSums];
  partial.sums.get(sums);
  again.sums.get(sums_again);
  if (memcmp(sums, sums_again, sizeof sums) != 0) expect("same bits", 1, 0, 0);

  double cs = partial.exponents.student.scale, ct = partial.exponents.teacher.scale, mean = 0;
  Softmax student(row.z, cs), teacher(row.u, ct), hard(row.z, kLog2E);
  for (float z : row.z) mean += z * cs / row.z.size();
  double student_offset = partial.exponents.student.offset, teacher_offset = partial.exponents.teacher.offset;
  double hard_offset = RowForm<Spec>::Exps::kSeparateHard ? partial.exponents.hard.offset
                                                          : double(int(Spec::kExpReuse)) * student_offset;
  double size = 1 + fabs(student_offset) * 1e-3;  // relative to the largest exponents, an offset has rounding errors
  expect("student sum", ::log2(partial.sums.student) + student_offset, student.log2_sum, 4e-6 * size);
  expect("teacher sum", ::log2(partial.sums.teacher) + teacher_offset, teacher.log2_sum, 4e-6 * size);
  expect("hard sum", ::log2(partial.sums.hard_exps()) + hard_offset, hard.log2_sum, 2e-5 * size);
  double student_mean = partial.sums.student_exponents / partial.sums.student + student_offset;
  double teacher_mean = partial.sums.teacher_exponents / partial.sums.teacher + teacher_offset;
  expect("student mean", student_mean, student.mean, 2e-5 * size);
  expect("teacher mean", teacher_mean, teacher.mean, 2e-5 * size);
  expect("present", partial.sums.present, row.z.size(), 0);
  expect("mean", partial.sums.exponents / partial.sums.present + student_offset, mean, 1e-4 * size);

  float found[Spec::Policy::kSums];
  partial.policy.finish_raw(partial.sums.policy, partial.sums.student, partial.sums.teacher, kLn2, found);
  double forward = 0, reverse = 0;
  for (size_t i = 0; i < row.z.size(); i++) {
    double log_p = row.u[i] * ct - teacher.log2_sum, log_q = row.z[i] * cs - student.log2_sum;
    forward += ::exp2(log_p) * (log_p - log_q) * log(2.0);
    reverse += ::exp2(log_q) * (log_q - log_p) * log(2.0);
  }
  double lambda = std::is_same<typename Spec::Policy, ForwardKl<float>>::value   ? 1
                  : std::is_same<typename Spec::Policy, ReverseKl<float>>::value ? 0
                                                                                 : 0.3f;
  double d = lambda * forward + (1 - lambda) * reverse;
  expect("divergence", found[0], d, 5e-6 * (1 + fabs(d)));
}

template <class Spec> static void check_all(float temperature, float teacher_temperature) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  for (float shift : {0.0f, 1000.0f, -1000.0f, 1e4f})
    for (size_t classes : {7u, 100u, 3000u}) {
      Rows row{{}, {}, temperature, teacher_temperature};
      for (size_t i = 0; i < classes; i++) {
        row.z.push_back(3 * normal(random) + shift);
        row.u.push_back(3 * normal(random) - shift);
      }
      row.z[classes / 2] += 30;  // a late maximum, beyond every margin
      // Like a thread, a piece has at most about a hundred classes: a long sequential sum loses digits of its own.
      for (unsigned pieces : {1u, 2u, 5u, 64u, 300u})
        for (unsigned seed = 0; seed < 3; seed++)
          if (classes / pieces <= 100) check<Spec>(row, pieces, seed);
    }
}

int main() {
  check_all<TestSpec<ForwardKl, ExpReuse::kNone>>(3, 3);
  check_all<TestSpec<ForwardKl, ExpReuse::kSquared>>(2, 2);
  check_all<TestSpec<ReverseKl, ExpReuse::kFourthPower>>(4, 4);
  check_all<TestSpec<ReverseKl, ExpReuse::kNone>>(0.25f, 0.5f);
  check_all<TestSpec<MixedKl, ExpReuse::kNone>>(1.5f, 10);
  check_all<TestSpec<MixedKl, ExpReuse::kSame>>(1, 1);
  if (failures == 0) printf("partials: passed\n");
  return failures == 0 ? 0 : 1;
}
