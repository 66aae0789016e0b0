// Short rows between memory and lanes: kLanes rows at a time, each row's classes down a lane. Rows are read and written whole, a vector
// at most, and turned by exchanging blocks of lanes; one element at a time this took two thirds of a short row's time.
#pragma once

#include "paired.h"

namespace temper {
namespace {

// Above this the general code is as fast.
constexpr int kShortRow = 64;

// Element (i, k) becomes (k, i).
template <int half = kLanes / 2> TEMPER_INLINE void transpose(I (&m)[kLanes]) {
  for (int i = 0; i < kLanes; i++)
    if ((i & half) == 0) exchange_blocks<half>(m[i], m[i + half]);
  if constexpr (half > 1) transpose<half / 2>(m);
}

// How far ahead the rows of later tiles are fetched: about as long as a read from memory takes.
constexpr int kFetchRows = 2 * kLanes;

TEMPER_INLINE void fetch_rows(const Shape& shape, const void* base, int64_t first, int64_t rows, int classes) {
  if (first + kLanes > rows) return;
  int bytes = classes * element_bytes(shape.dtype);
  for (int lane = 0; lane < kLanes; lane++)
    for (int i = 0; i < bytes; i += 64) __builtin_prefetch(at(base, shape, first + lane, 0) + i);
}

struct Tile {
  alignas(64) float at[kShortRow][kLanes];   // [class][row]

  // Rows past the last one repeat it.
  void load_rows(const Shape& shape, const void* base, int64_t first, int rows, int classes) {
    const char* row[kLanes];
    for (int lane = 0; lane < kLanes; lane++) row[lane] = temper::at(base, shape, first + (lane < rows ? lane : rows - 1), 0);
    I words[kLanes];
    if (shape.dtype == kBf16) {
      for (int c = 0; c < classes; c += kPair) {
        for (int lane = 0; lane < kLanes; lane++) words[lane] = load_bytes(row[lane] + 2 * c, 2 * (classes - c));
        transpose(words);
        for (int k = 0; k < kLanes && c + 2 * k < classes; k++) decode_pair((Shorts)words[k], at[c + 2 * k]);
      }
    } else {
      for (int c = 0; c < classes; c += kLanes) {
        int n = classes - c < kLanes ? classes - c : kLanes;
        for (int lane = 0; lane < kLanes; lane++) {
          words[lane] = load_bytes(row[lane] + c * element_bytes(shape.dtype), n * element_bytes(shape.dtype));
          if (shape.dtype == kF16) words[lane] = (I)decode<kF16>(&words[lane], 0);
        }
        transpose(words);
        for (int k = 0; k < n; k++) store((V)words[k], at[c + k]);
      }
    }
  }

  // The rows that `wanted` names.
  void store_rows(const Shape& shape, void* base, int64_t first, int rows, int classes, const int* wanted) const {
    char* row[kLanes];
    for (int lane = 0; lane < rows; lane++) row[lane] = (char*)temper::at(base, shape, first + lane, 0);
    I words[kLanes];
    int bytes = element_bytes(shape.dtype), step = shape.dtype == kBf16 ? kPair : kLanes;
    for (int c = 0; c < classes; c += step) {
      int n = classes - c < step ? classes - c : step;
      for (int k = 0; k < kLanes; k++) {
        if (shape.dtype == kBf16) words[k] = 2 * k < n ? (I)encode_pair(at[c + 2 * k]) : I{};
        else words[k] = k < n ? (I)load(at[c + k]) : I{};
      }
      transpose(words);
      for (int lane = 0; lane < rows; lane++) {
        if (!wanted[lane]) continue;
        if (shape.dtype == kF16) encode<kF16>((V)words[lane], &words[lane], 0);
        store_bytes(words[lane], row[lane] + c * bytes, n * bytes);
      }
    }
    if (classes < shape.width)
      for (int lane = 0; lane < rows; lane++)
        if (wanted[lane]) store_zeros(shape, base, first + lane, classes);
  }
};

}  // namespace
}  // namespace temper
