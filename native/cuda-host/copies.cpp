// Asynchronous copies. The data is copied at the wait; from the issue to the wait the destination is NaN-filled.
#include "machine.h"
#include "tracer.h"

namespace cuda_host {

void async_copy(void* shared, const void* global, unsigned bytes) {
  Thread& self = *machine().current;
  if (bytes != 4 && bytes != 8 && bytes != 16) fail("async copy of %u bytes: 4, 8 or 16 are possible", bytes);
  check_aligned(shared, bytes, "async copy to shared memory");
  check_aligned(global, bytes, "async copy from global memory");
  trace_read(global, bytes);
  trace_write(shared, bytes);
  memset(shared, 0xff, bytes);
  self.copies.push_back({shared, global, bytes, 0});
}

void async_commit() {
  Thread& self = *machine().current;
  self.copy_groups++;
  for (AsyncCopy& copy : self.copies)
    if (copy.group == 0) copy.group = self.copy_groups;
}

void async_wait(unsigned pending) {
  Thread& self = *machine().current;
  size_t kept = 0;
  for (AsyncCopy& copy : self.copies) {
    bool completes = copy.group != 0 && copy.group + pending <= self.copy_groups;
    if (completes) {
      memcpy(copy.shared, copy.global, copy.bytes);
      trace_write(copy.shared, copy.bytes);
    } else {
      self.copies[kept++] = copy;
    }
  }
  self.copies.resize(kept);
}

}  // namespace cuda_host
