// Memory that is mapped at two addresses, one for the host and one for the device.
#include <sys/mman.h>
#include <unistd.h>

#include "stub.h"

namespace cuda_stub {

static void* map(int file, size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

static void unmap(void* memory, size_t bytes) {
  if (memory != nullptr) munmap(memory, bytes);
}

void* map_twice(size_t bytes, void** device_address) {
  int file = memfd_create("cuda-stub", 0);
  if (file < 0) return nullptr;
  bool sized = ftruncate(file, static_cast<off_t>(bytes)) == 0;
  void* memory = sized ? map(file, bytes) : nullptr;
  *device_address = sized ? map(file, bytes) : nullptr;
  close(file);
  if (memory != nullptr && *device_address != nullptr) return memory;
  unmap_twice(memory, *device_address, bytes);
  return nullptr;
}

void unmap_twice(void* memory, void* device_address, size_t bytes) {
  unmap(memory, bytes);
  unmap(device_address, bytes);
}

}  // namespace cuda_stub
