// Tests of the paths of the CPU engine against f64: rows that stay on the fast path, and rows that must leave it.
#include <math.h>
#include <stdio.h>

#include <random>
#include <vector>

#include "../list_rows.h"
#include "../teacher_rows.h"

using namespace temper;

static int failures = 0;

constexpr int kRows = 3;
constexpr int kClasses = 2501;  // two whole blocks, and a third one that ends within a vector
constexpr float kAbsent = -INFINITY;

struct Rows {
  const char* name;
  double temperature;
  double cap;  // softcap of both tensors; 0: none
  void (*fill)(float* z, float* u, int row);
};

static const Rows kAllRows[] = {
    {"ordinary", 2, 0, [](float*, float*, int) {}},
    {"offsets and maxima in the last block", 2, 0,
     [](float* z, float* u, int row) {
       for (int i = 0; i < kClasses; i++) z[i] -= 1000, u[i] += row == 1 ? 10000 : -10000;
       z[kClasses - 1 - row] += 60, u[kClasses - 9 - row] += 60;
     }},
    {"sharp", 0.01, 0, [](float* z, float* u, int row) { z[kClasses - 1 - row] = u[kClasses - 9 - row] = 20; }},
    {"masked in both", 2, 0,
     [](float* z, float* u, int row) {
       for (int i = row; i < kClasses; i += 20) z[i] = u[i] = kAbsent;
       for (int i = 0; i < kBlock && row == 1; i++) z[i] = u[i] = kAbsent;
     }},
    {"absent for the teacher", 2, 0,
     [](float*, float* u, int row) {
       for (int i = row; i < kClasses; i += 20) u[i] = kAbsent;
       for (int i = 0; i < kBlock && row == 1; i++) u[i] = kAbsent;
     }},
    {"absent for the student", 2, 0,
     [](float* z, float*, int row) {
       for (int i = row; i < kClasses; i += 20) z[i] = kAbsent;
       for (int i = 0; i < kBlock && row == 1; i++) z[i] = kAbsent;
     }},
    {"capped", 2, 5, [](float* z, float* u, int row) { z[20 + row] = u[20 + row] = kAbsent; }},
    {"nearly equal", 2, 0,
     [](float* z, float* u, int) {
       for (int i = 0; i < kClasses; i++) z[i] = u[i] + (float)(i % 7 - 3) * 1e-3f;
     }},
    {"nearly equal and masked in both", 2, 0,
     [](float* z, float* u, int row) {
       for (int i = 0; i < kClasses; i++) z[i] = i % 20 == row ? u[i] = kAbsent : u[i] + (float)(i % 7 - 3) * 1e-3f;
     }}};

// log softmax(x / temperature) after the softcap.
static std::vector<double> log_softmax(const float* x, const Rows& rows) {
  std::vector<double> l(kClasses);
  double max = -INFINITY, sum = 0;
  for (int i = 0; i < kClasses; i++) {
    l[i] = (rows.cap > 0 && x[i] > kAbsent ? rows.cap * tanh(x[i] / rows.cap) : x[i]) / rows.temperature;
    max = fmax(max, l[i]);
  }
  for (double li : l) sum += exp(li - max);
  for (double& li : l) li -= max + log(sum);
  return l;
}

// log((a + b)/2) of two probabilities that are given by their logarithms.
static double log_mean(double a, double b) {
  double max = fmax(a, b);
  return max > -INFINITY ? max + log(0.5 * exp(a - max) + 0.5 * exp(b - max)) : max;
}

// a log(a/b) of two probabilities that are given by their logarithms.
static double term(double log_a, double log_b) { return log_a > -INFINITY ? exp(log_a) * (log_a - log_b) : 0; }

// D of a row, and dD/ds of each class.
template <class Policy> double oracle(const std::vector<double>& q, const std::vector<double>& p, double* gradient) {
  constexpr bool forward = Policy::kValue == ValueForm::kRawSums;
  double d = 0, student_part = 0;
  for (int i = 0; i < kClasses; i++) {
    double m = log_mean(p[i], q[i]);
    student_part += term(q[i], m);
    d += forward ? term(p[i], q[i]) : 0.5 * (term(p[i], m) + term(q[i], m));
    gradient[i] = forward ? exp(q[i]) - exp(p[i]) : 0.5 * term(q[i], m);
  }
  for (int i = 0; i < kClasses && !forward; i++) gradient[i] -= 0.5 * exp(q[i]) * student_part;
  return d;
}

static void expect(const char* policy, const Rows& rows, int row, int column, double found, double expected,
                   double bound) {
  if (fabs(found - expected) <= bound || found == expected) return;
  if (failures++ < 20)
    printf("FAILED %s, %s [%d, %d]: found %.9g, expected %.9g\n", policy, rows.name, row, column, found, expected);
}

template <class Policy> static void check(const char* name, const Rows& rows) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> z(kRows * kClasses), u(z.size()), gradient(z.size()), soft(kRows);
  for (int row = 0; row < kRows; row++) {
    float *zr = &z[row * kClasses], *ur = &u[row * kClasses];
    for (int i = 0; i < kClasses; i++) zr[i] = 3 * normal(random) - 8, ur[i] = 3 * normal(random) - 8;
    rows.fill(zr, ur, row);
  }
  LossParameters p = {};
  p.rows = kRows;
  p.classes = p.gradient_width = kClasses;
  p.student_stride = p.teacher_stride = p.gradient_stride = kClasses;
  p.soft_weight = p.soft_divisor = p.hard_divisor = p.gradient_scale = 1;
  p.divergence_parameter = p.divergence_complement = 0.5f;
  p.pass = kForwardBackwardPass;
  p.temperature = p.teacher_temperature = (float)rows.temperature;
  p.tempered = 1;
  p.student_softcap = p.teacher_softcap = (float)rows.cap;
  LossJob job = {p, {z.data(), kClasses, kF32, kClasses}, {u.data(), kClasses, kF32, kClasses},
                 {gradient.data(), kClasses, kF32, kClasses}, nullptr, nullptr, (UnalignedFloat*)soft.data(), nullptr,
                 nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, GradientFactors::of(p, {1, 1}), false,
                 false};
  std::vector<float> arrays(7 * 4 * kBlock);
  Scratch scratch = {arrays.data(), &arrays[4 * kBlock], &arrays[8 * kBlock], &arrays[12 * kBlock],
                     &arrays[16 * kBlock], &arrays[20 * kBlock], &arrays[24 * kBlock]};
  ChunkTotals totals = {};
  compute_rows<Policy>(job, scratch, 0, kRows, totals);
  for (int row = 0; row < kRows; row++) {
    const float* zr = &z[row * kClasses];
    std::vector<double> expected(kClasses), q = log_softmax(zr, rows), p = log_softmax(&u[row * kClasses], rows);
    double d = oracle<Policy>(q, p, expected.data());
    double largest = 0;
    for (int i = 0; i < kClasses; i++) {
      double slope = rows.cap > 0 && zr[i] > kAbsent ? 1 - pow(tanh(zr[i] / rows.cap), 2) : 1;
      expected[i] *= slope / rows.temperature;
      largest = fmax(largest, fabs(expected[i]));
    }
    expect(name, rows, row, -1, soft[row], d, 1e-5 * d);
    for (int i = 0; i < kClasses; i++)
      expect(name, rows, row, i, gradient[row * kClasses + i], expected[i],
             1e-5 * largest + 1e-7 * exp(q[i]) / rows.temperature);
  }
}

int main() {
  for (const Rows& rows : kAllRows) {
    check<ForwardKl<V>>("forward KL", rows);
    check<JensenShannon<V>>("Jensen-Shannon", rows);
  }
  if (failures == 0) printf("paths: passed\n");
  return failures == 0 ? 0 : 1;
}
