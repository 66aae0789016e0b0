// The dtypes of a tensor, and vectors of neighbouring elements as they are loaded and stored.
#pragma once

#include "../float_math.cuh"

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

// The dtype of a prepared row: f32 logits of the teacher that are computed while the row is loaded
// (teacher/prepared.cuh).
struct Prepared : Float32 {};

template <class A, class B> constexpr bool kSameType = false;
template <class A> constexpr bool kSameType<A, A> = true;

template <class DType> constexpr int kElementsPer16Bytes = 16 / int(sizeof(typename DType::Bits));

// K neighbouring elements, packed into words of 4 bytes.
template <class DType, int K> struct Vector {
  using Bits = typename DType::Bits;
  static constexpr int kPerWord = 4 / int(sizeof(Bits));
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
      if constexpr (kPerWord == 1) {
        values[w] = float_of(words[w]);
      } else if constexpr (kSameType<DType, BFloat16>) {
        widen_bf16_pair(words[w], values[2 * w], values[2 * w + 1]);
      } else {
        widen_f16_pair(words[w], values[2 * w], values[2 * w + 1]);
      }
    }
  }

  __device__ __forceinline__ static Vector pack(const float (&values)[K]) {
    Vector vector;
#pragma unroll
    for (int w = 0; w < kWords; w++) {
      if constexpr (kSameType<DType, Float32>)
        vector.words[w] = bits_of(values[w]);
      else if constexpr (kSameType<DType, BFloat16>)
        vector.words[w] = narrow_bf16_pair(values[2 * w], values[2 * w + 1]);
      else
        vector.words[w] = narrow_f16_pair(values[2 * w], values[2 * w + 1]);
    }
    return vector;
  }

  __device__ __forceinline__ static Vector filled(Bits bits) {
    Vector vector;
#pragma unroll
    for (int w = 0; w < kWords; w++) vector.words[w] = kPerWord == 1 ? uint32_t(bits) : uint32_t(bits) * 0x10001u;
    return vector;
  }

  // Removes the first N elements and returns them. The other elements move to the front, and zeros follow them.
  template <int N> __device__ __forceinline__ Vector<DType, N> pop_front() {
    constexpr int kPopped = Vector<DType, N>::kWords;
    const Vector<DType, N> zeros = {};
    Vector<DType, N> front;
#pragma unroll
    for (int w = 0; w < kPopped; w++) front.words[w] = words[w];
#pragma unroll
    for (int w = 0; w < kWords; w++)
      words[w] = w + kPopped < kWords ? words[w + kPopped] : zeros.words[w + kPopped - kWords];
    return front;
  }

  // The maximum of all words. The two 16-bit elements of a word are compared separately, by one instruction for both;
  // largest_of() compares them with each other at the end. A NaN is the maximum only if all operands are NaN.
  __device__ __forceinline__ uint32_t high_word() const { return high_word(words[0], 1); }
  // The maximum of all words and of an earlier result, with which several vectors are combined.
  __device__ __forceinline__ uint32_t high_word(uint32_t earlier) const { return high_word(earlier, 0); }

  // The largest element of a word.
  __device__ __forceinline__ static float largest_of(uint32_t word) {
    float values[kPerWord];
    Vector<DType, kPerWord>{{word}}.unpack(values);
    return max(values[0], values[kPerWord - 1]);
  }

  __device__ __forceinline__ void keep_packed() {
#pragma unroll
    for (int w = 0; w < kWords; w++) temper::keep_packed(words[w]);
  }

 private:
  __device__ __forceinline__ uint32_t high_word(uint32_t high, int first) const {
#pragma unroll
    for (int w = first; w < kWords; w++) {
      if constexpr (kSameType<DType, BFloat16>)
        high = max_bf16_pair(high, words[w]);
      else if constexpr (kSameType<DType, Float16>)
        high = max_f16_pair(high, words[w]);
      else
        high = bits_of(max(float_of(high), float_of(words[w])));
    }
    return high;
  }
};

}  // namespace temper
