// Copies of less than a vector.
#pragma once

namespace temper {
namespace {

// Less than 64 bytes, in powers of two: a call of memcpy costs more than a short row's arithmetic.
TEMPER_INLINE void copy_few(void* to, const void* from, int bytes) {
  char* out = (char*)to;
  const char* in = (const char*)from;
#define TEMPER_COPY(part)            \
  if (bytes & (part)) {              \
    __builtin_memcpy(out, in, part); \
    out += part, in += part;         \
  }
  TEMPER_COPY(32)
  TEMPER_COPY(16)
  TEMPER_COPY(8)
  TEMPER_COPY(4)
  TEMPER_COPY(2)
#undef TEMPER_COPY
}

}  // namespace
}  // namespace temper
