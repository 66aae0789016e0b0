// Deferred async copies: issued now, landed at the wait. The destination is poisoned in between.
#include "machine.h"
#include "tracer.h"

namespace cuda_host {

void asyncCopy(void* shared, const void* global, unsigned bytes) {
    Thread& self = *machine().current;
    if (bytes != 4 && bytes != 8 && bytes != 16) fail("async copy of %u bytes: 4, 8 or 16 are possible", bytes);
    checkAligned(shared, bytes, "async copy to shared memory");
    checkAligned(global, bytes, "async copy from global memory");
    traceRead(global, bytes);
    traceWrite(shared, bytes);
    memset(shared, 0xff, bytes);
    self.copies.push_back({shared, global, bytes, 0});
}

void asyncCommit() {
    Thread& self = *machine().current;
    self.copyGroups++;
    for (AsyncCopy& copy : self.copies)
        if (copy.group == 0) copy.group = self.copyGroups;
}

void asyncWait(unsigned pending) {
    Thread& self = *machine().current;
    size_t kept = 0;
    for (AsyncCopy& copy : self.copies) {
        bool lands = copy.group != 0 && copy.group + pending <= self.copyGroups;
        if (lands) {
            memcpy(copy.shared, copy.global, copy.bytes);
            traceWrite(copy.shared, copy.bytes);
        } else {
            self.copies[kept++] = copy;
        }
    }
    self.copies.resize(kept);
}

}  // namespace cuda_host
