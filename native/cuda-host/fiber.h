// Fibers: threads of execution that switch explicitly. A fiber is a stack and a saved stack pointer.
// A switch costs a few nanoseconds. swapcontext() saves the signal mask with a system call and takes 8.5 times as long.
#pragma once
#include <stddef.h>

namespace cuda_host {

struct Fiber {
  void* stack_pointer = nullptr;
  void* sanitizer_state = nullptr;
  unsigned char* stack = nullptr;
  size_t stack_bytes = 0;
};

// Makes the next switch to `fiber` call `entry`, which must never return.
void prepare_fiber(Fiber& fiber, void (*entry)());

// Suspends `from` and resumes `to`. `last` means that `from` is never resumed.
void switch_fiber(Fiber& from, Fiber& to, bool last);

// The entry of a fiber must call this function first.
void enter_fiber();

// False if the fiber has overwritten the lowest bytes of its stack, which means that the stack was too small.
bool stack_intact(const Fiber& fiber);

// Stacks for many fibers in one lazily committed mapping.
class StackArena {
 public:
#if defined(__SANITIZE_ADDRESS__)
  // The sanitizer's red zones around local variables make stack frames several times larger.
  static constexpr size_t kStackBytes = 128 << 10;
#else
  // The size is no power of two. With a power of two, equal offsets in thousands of stacks would map to few cache sets.
  static constexpr size_t kStackBytes = (32 << 10) + 9 * 64;
#endif

  StackArena() = default;
  StackArena(const StackArena&) = delete;
  StackArena& operator=(const StackArena&) = delete;
  ~StackArena();

  // Maps memory for `count` stacks, none of which may be in use. Returns false if the system has too little memory.
  bool reserve(size_t count);
  unsigned char* stack(size_t index) const { return base + index * kStackBytes; }
  bool contains(const void* address) const { return address >= base && address < base + bytes; }

 private:
  unsigned char* base = nullptr;
  size_t bytes = 0;
};

}  // namespace cuda_host
