#include "fiber.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

extern "C" void cuda_host_switch(void** save, void* resume) __attribute__((visibility("hidden")));

// Pushes the callee-saved registers to the old stack, switches stacks, pops the registers from the new stack.
#if defined(__x86_64__)
asm(R"(
.text
.globl cuda_host_switch
.hidden cuda_host_switch
.type cuda_host_switch, @function
cuda_host_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
.size cuda_host_switch, . - cuda_host_switch
)");
constexpr size_t kSavedWords = 6;
#elif defined(__aarch64__)
asm(R"(
.text
.globl cuda_host_switch
.hidden cuda_host_switch
.type cuda_host_switch, %function
cuda_host_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
.size cuda_host_switch, . - cuda_host_switch
)");
#else
#error "CUDA on the host has a fiber switch for x86-64 and aarch64 only"
#endif

namespace cuda_host {

#if defined(__SANITIZE_ADDRESS__)
// The fiber that the current switch suspends. The resumed fiber needs it to complete the switch for the sanitizer.
static thread_local Fiber* suspended = nullptr;

void enter_fiber() {
  const void* bottom;
  size_t size;
  __sanitizer_finish_switch_fiber(nullptr, &bottom, &size);
  if (suspended->stack == nullptr) {  // the stack of the operating-system thread, which only the sanitizer provides
    suspended->stack = static_cast<unsigned char*>(const_cast<void*>(bottom));
    suspended->stack_bytes = size;
  }
}

void switch_fiber(Fiber& from, Fiber& to, bool last) {
  suspended = &from;
  __sanitizer_start_switch_fiber(last ? nullptr : &from.sanitizer_state, to.stack, to.stack_bytes);
  cuda_host_switch(&from.stack_pointer, to.stack_pointer);
  __sanitizer_finish_switch_fiber(from.sanitizer_state, nullptr, nullptr);
}

// A fiber never returns from its entry, so that the red zones of its last frames remain in its stack. The next fiber on
// this stack would report an error there unless they are cleared.
static void clear_red_zones(Fiber& fiber) { __asan_unpoison_memory_region(fiber.stack, fiber.stack_bytes); }
#else
void enter_fiber() {}
void switch_fiber(Fiber& from, Fiber& to, bool) { cuda_host_switch(&from.stack_pointer, to.stack_pointer); }
static void clear_red_zones(Fiber&) {}
#endif

constexpr uint64_t kCanary = 0x7e3a91c5d204b86full;

void prepare_fiber(Fiber& fiber, void (*entry)()) {
  clear_red_zones(fiber);
  memcpy(fiber.stack, &kCanary, sizeof kCanary);
  uintptr_t top = (reinterpret_cast<uintptr_t>(fiber.stack) + fiber.stack_bytes) & ~uintptr_t(15);
#if defined(__x86_64__)
  // The switch enters `entry` by `ret`. At a function's first instruction the ABI requires a stack pointer of 16 n + 8.
  void** words = reinterpret_cast<void**>(top - 16) - kSavedWords;
  for (size_t i = 0; i < kSavedWords; i++) words[i] = nullptr;
  words[kSavedWords] = reinterpret_cast<void*>(entry);
  words[kSavedWords + 1] = nullptr;
#else
  void** words = reinterpret_cast<void**>(top - 160);
  for (size_t i = 0; i < 20; i++) words[i] = nullptr;
  words[11] = reinterpret_cast<void*>(entry);
#endif
  fiber.stack_pointer = words;
  fiber.sanitizer_state = nullptr;
}

bool stack_intact(const Fiber& fiber) { return memcmp(fiber.stack, &kCanary, sizeof kCanary) == 0; }

bool StackArena::reserve(size_t count) {
  if (count * kStackBytes <= bytes) return true;
  if (base != nullptr) munmap(base, bytes);
  bytes = 0;
  void* mapping =
      mmap(nullptr, count * kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  base = mapping == MAP_FAILED ? nullptr : static_cast<unsigned char*>(mapping);
  if (base == nullptr) return false;
  bytes = count * kStackBytes;
  return true;
}

StackArena::~StackArena() {
  if (base != nullptr) munmap(base, bytes);
}

}  // namespace cuda_host
