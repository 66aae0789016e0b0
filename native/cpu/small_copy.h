// Copies of less than one vector.
#pragma once

namespace temper {
namespace {

// Copies an even number of bytes below 64, in powers of two. A call of memcpy would take longer than the arithmetic of
// a short row.
TEMPER_INLINE void copy_small(void* to, const void* from, int bytes) {
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
