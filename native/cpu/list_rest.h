// The first loop over a row whose teacher is given by a list: it moves the listed logits out of the row and sums the
// exponentials of the rest.
#pragma once

#include "row_sums.h"

namespace temper {
namespace {

typedef Row<ForwardKl<V>, false> ListedRow;  // the student's sums and the hard part

// The sums over the classes without a slot, relative to `max`.
struct RestSums {
  float max = -kInfinity;
  V student = {}, hard = {};

  // Changes the sums to a larger maximum. Sums at a maximum of -inf are 0.
  TEMPER_RARE void rescale(const RowScales& scales, float larger) {
    V ds = splat(max == -kInfinity ? 0.0f : max - larger);
    student *= scales.student(ds);
    hard *= scales.untempered(ds);
    max = larger;
  }
};

// Adds the exponentials of n adjacent floats of a block to `sums`, and stores them.
template <HardExp hard>
TEMPER_INLINE void add_adjacent(const ListedRow& r, int column, const float* z, int n, RestSums& sums) {
  RowPartial<NoRawSums> added;
  added.student_max = sums.max;
  for (int i = 0; i < n; i += kSubBlock)
    sum_block_inline<NoRawSums, false, hard, true, false, false>(NoRawSums(), r.scales, z + i, z + i,
                                                                 n - i < kSubBlock ? n - i : kSubBlock, added,
                                                                 r.exponentials(column + i),
                                                                 r.prefetch_at<true>(column + i + kBlock));
  sums.student += added.student;
  sums.hard += added.hard;
}

// The same for a block whose tail is not adjacent to its body.
template <HardExp hard>
TEMPER_RARE void add_parts(const ListedRow& r, int from, const LogitBlock& z, int n, RestSums& sums) {
  r.for_parts(z, z, n, [&](const float* zi, const float*, int i, int part) {
    add_adjacent<hard>(r, from + i, zi, part, sums);
  });
}

RestSums sum_rest(const ListedRow& r, PresentClasses& present) {
  alignas(64) float buffer[kBlock];
  RestSums sums;
  for (int from = 0, block = 0; from < r.classes(); from += kBlock, block++) {
    int n = r.block_length(from);
    LogitBlock z = r.student_block<true>(from, n, buffer);
    if (from == 0) sums.max = z.max;
    else if (z.max > sums.max) sums.rescale(r.scales, z.max);
    r.scratch.student_shift[block] = sums.max;
    with_hard_exp(r.hard, [&](auto tag) {
      constexpr HardExp hard = decltype(tag)::kValue;
      if (z.body + r.body_length(n) == z.tail) add_adjacent<hard>(r, from, z.body, r.padded_length(n), sums);
      else add_parts<hard>(r, from, z, n, sums);
    });
    if (r.parameters.label_smoothing > 0)
      r.for_parts(z, z, n, [&](const float* zi, const float*, int, int part) {
        present.add(zi, part, shift_of(sums.max));
      });
  }
  return sums;
}

}  // namespace
}  // namespace temper
