// A tile holds kLanes short rows, transposed so that each lane holds one row. Rows are loaded and stored as vectors and
// transposed in registers. Loads and stores of single elements would take two thirds of a short row's time.
#pragma once

#include "deinterleave.h"

namespace temper {
namespace {

// Up to this many classes, tiles are faster than the code for rows of any length.
constexpr int kShortRowClasses = 64;

// Transposes a square matrix: element (i, k) becomes (k, i).
template <int half = kLanes / 2> TEMPER_INLINE void transpose(I (&m)[kLanes]) {
  for (int i = 0; i < kLanes; i++)
    if ((i & half) == 0) transpose_step<half>(m[i], m[i + half]);
  if constexpr (half > 1) transpose<half / 2>(m);
}

// Prefetch distance in rows. A row arrives from memory in about the time in which the tiles before it are computed.
constexpr int kPrefetchRows = 2 * kLanes;

TEMPER_INLINE void prefetch_rows(const Matrix& matrix, int64_t first, int64_t rows, int classes) {
  if (first + kLanes > rows) return;
  int bytes = classes * element_bytes(matrix.dtype);
  for (int lane = 0; lane < kLanes; lane++)
    for (int i = 0; i < bytes; i += 64) __builtin_prefetch(address(matrix, first + lane, 0) + i);
}

struct Tile {
  alignas(64) float at[kShortRowClasses][kLanes];  // [class][row]

  // Loads `rows` rows from row `first` on. Lanes beyond them repeat the last row.
  void load_rows(const Matrix& matrix, int64_t first, int rows, int classes) {
    const char* row[kLanes];
    for (int lane = 0; lane < kLanes; lane++)
      row[lane] = address(matrix, first + (lane < rows ? lane : rows - 1), 0);
    I words[kLanes];
    if (matrix.dtype == kBf16) {  // a 32-bit lane holds two adjacent classes
      for (int c = 0; c < classes; c += kBf16Lanes) {
        for (int lane = 0; lane < kLanes; lane++) words[lane] = load_bytes(row[lane] + 2 * c, 2 * (classes - c));
        transpose(words);
        for (int k = 0; k < kLanes && c + 2 * k < classes; k++) deinterleave_bf16((Shorts)words[k], at[c + 2 * k]);
      }
    } else {
      for (int c = 0; c < classes; c += kLanes) {
        int n = classes - c < kLanes ? classes - c : kLanes;
        for (int lane = 0; lane < kLanes; lane++) {
          words[lane] = load_bytes(row[lane] + c * element_bytes(matrix.dtype), n * element_bytes(matrix.dtype));
          if (matrix.dtype == kF16) words[lane] = (I)decode<kF16>(&words[lane], 0);
        }
        transpose(words);
        for (int k = 0; k < n; k++) store((V)words[k], at[c + k]);
      }
    }
  }

  // Stores the rows whose lanes are not 0 in `selected`, and sets their padding to 0.
  void store_rows(const Matrix& matrix, int64_t first, int rows, int classes, const int* selected) const {
    char* row[kLanes];
    for (int lane = 0; lane < rows; lane++) row[lane] = address(matrix, first + lane, 0);
    I words[kLanes];
    int bytes = element_bytes(matrix.dtype), step = matrix.dtype == kBf16 ? kBf16Lanes : kLanes;
    for (int c = 0; c < classes; c += step) {
      int n = classes - c < step ? classes - c : step;
      for (int k = 0; k < kLanes; k++) {
        if (matrix.dtype == kBf16) words[k] = 2 * k < n ? (I)interleave_bf16(at[c + 2 * k]) : I{};
        else words[k] = k < n ? (I)load(at[c + k]) : I{};
      }
      transpose(words);
      for (int lane = 0; lane < rows; lane++) {
        if (!selected[lane]) continue;
        if (matrix.dtype == kF16) encode<kF16>((V)words[lane], &words[lane], 0);
        store_bytes(words[lane], row[lane] + c * bytes, n * bytes);
      }
    }
    if (classes < matrix.width)
      for (int lane = 0; lane < rows; lane++)
        if (selected[lane]) store_zeros(matrix, first + lane, classes);
  }
};

}  // namespace
}  // namespace temper
