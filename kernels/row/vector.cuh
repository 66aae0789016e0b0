// Element types as they lie in memory, and packs of K neighbouring elements.
#pragma once

#include "float_math.cuh"

namespace temper {

struct Float32 {
  using Bits = uint32_t;
  static constexpr Bits kMinusInfinity = 0xff800000u;
};

struct BFloat16 {
  using Bits = uint16_t;
  static constexpr Bits kMinusInfinity = 0xff80u;
};

struct Float16 {
  using Bits = uint16_t;
  static constexpr Bits kMinusInfinity = 0xfc00u;
};

template <class A, class B> constexpr bool kSame = false;
template <class A> constexpr bool kSame<A, A> = true;

// Elements per 16-byte access.
template <class DType> constexpr int kElementsPerVector = 16 / int(sizeof(typename DType::Bits));

template <class DType, int K> struct Pack {
  using Bits = typename DType::Bits;
  static constexpr int kPerWord = 4 / int(sizeof(Bits));
  static constexpr Bits kMagnitude = Bits(Bits(~Bits(0)) >> 1);
  static constexpr int kWords = K / kPerWord;
  static constexpr int kBytes = K * int(sizeof(Bits));
  uint32_t words[kWords];

  __device__ __forceinline__ void set_bits(int k, Bits bits) {
    if constexpr (kPerWord == 1)
      words[k] = bits;
    else
      words[k / 2] = k % 2 == 0 ? (words[k / 2] & 0xffff0000u) | bits : (words[k / 2] & 0xffffu) | uint32_t(bits) << 16;
  }

  __device__ __forceinline__ Bits bits(int k) const {
    if constexpr (kPerWord == 1)
      return words[k];
    else
      return Bits(words[k / 2] >> (16 * (k % 2)));
  }

  __device__ __forceinline__ void unpack(float (&values)[K]) const {
#pragma unroll
    for (int w = 0; w < kWords; w++) {
      if constexpr (kSame<DType, Float32>) {
        values[w] = float_of(words[w]);
      } else if constexpr (kSame<DType, BFloat16>) {
        widen_bf16_pair(words[w], values[2 * w], values[2 * w + 1]);
      } else {
        widen_f16_pair(words[w], values[2 * w], values[2 * w + 1]);
      }
    }
  }

  __device__ __forceinline__ static Pack of(const float (&values)[K]) {
    Pack pack;
#pragma unroll
    for (int w = 0; w < kWords; w++) {
      if constexpr (kSame<DType, Float32>)
        pack.words[w] = bits_of(values[w]);
      else if constexpr (kSame<DType, BFloat16>)
        pack.words[w] = narrow_bf16_pair(values[2 * w], values[2 * w + 1]);
      else
        pack.words[w] = narrow_f16_pair(values[2 * w], values[2 * w + 1]);
    }
    return pack;
  }

  // Takes the first N elements away and puts N others behind the last.
  template <int N> __device__ __forceinline__ Pack<DType, N> exchange(const Pack<DType, N>& last) {
    constexpr int kMoved = Pack<DType, N>::kWords;
    Pack<DType, N> first;
#pragma unroll
    for (int w = 0; w < kMoved; w++) first.words[w] = words[w];
#pragma unroll
    for (int w = 0; w < kWords; w++) words[w] = w + kMoved < kWords ? words[w + kMoved] : last.words[w + kMoved - kWords];
    return first;
  }

  __device__ __forceinline__ static Pack filled(Bits bits) {
    Pack pack;
#pragma unroll
    for (int w = 0; w < kWords; w++) pack.words[w] = kPerWord == 1 ? uint32_t(bits) : uint32_t(bits) * 0x10001u;
    return pack;
  }

  // The largest and the smallest element of the packs added, two at a time where a word holds two. NaN are passed over.
  struct Extrema {
    uint32_t high = Pack<DType, kPerWord>::filled(DType::kMinusInfinity).words[0];
    uint32_t low = Pack<DType, kPerWord>::filled(DType::kMinusInfinity & kMagnitude).words[0];

    __device__ __forceinline__ void add(const Pack& pack) {
#pragma unroll
      for (int w = 0; w < kWords; w++) {
        if constexpr (kSame<DType, BFloat16>) {
          high = max_bf16_pair(high, pack.words[w]);
          low = min_bf16_pair(low, pack.words[w]);
        } else if constexpr (kSame<DType, Float16>) {
          high = max_f16_pair(high, pack.words[w]);
          low = min_f16_pair(low, pack.words[w]);
        } else {
          high = bits_of(max(float_of(high), float_of(pack.words[w])));
          low = bits_of(min(float_of(low), float_of(pack.words[w])));
        }
      }
    }

    __device__ __forceinline__ float largest() const {
      float values[kPerWord];
      Pack<DType, kPerWord>{{high}}.unpack(values);
      return max(values[0], values[kPerWord - 1]);
    }
    __device__ __forceinline__ float smallest() const {
      float values[kPerWord];
      Pack<DType, kPerWord>{{low}}.unpack(values);
      return min(values[0], values[kPerWord - 1]);
    }
  };

  __device__ __forceinline__ void keep_packed() {
#pragma unroll
    for (int w = 0; w < kWords; w++) temper::keep_packed(words[w]);
  }
};

}  // namespace temper
