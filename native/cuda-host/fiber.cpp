#include "fiber.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

extern "C" void cuda_host_switch(void** save, void* resume) __attribute__((visibility("hidden")));

// Saves the callee-saved registers on the old stack, exchanges stack pointers, restores those of the new stack.
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
static const size_t savedWords = 6;
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
#error "the CUDA-on-the-host runtime knows how to switch fibers on x86-64 and aarch64"
#endif

namespace cuda_host {

#if defined(__SANITIZE_ADDRESS__)
const size_t StackArena::stackBytes = 128 << 10;  // red zones around every local make frames several times larger
#else
// Not a power of two: equal offsets in thousands of stacks would fall into the same few sets of the caches.
const size_t StackArena::stackBytes = (32 << 10) + 9 * 64;
#endif

#if defined(__SANITIZE_ADDRESS__)
// The fiber that was left, so that the one continued can finish the hand-over.
static thread_local Fiber* leaving = nullptr;

void enterFiber() {
    const void* bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(nullptr, &bottom, &size);
    if (leaving->stack == nullptr) {  // the processor thread's own stack is known only now
        leaving->stack = static_cast<unsigned char*>(const_cast<void*>(bottom));
        leaving->stackBytes = size;
    }
}

void switchFiber(Fiber& from, Fiber& to, bool last) {
    leaving = &from;
    __sanitizer_start_switch_fiber(last ? nullptr : &from.sanitizerState, to.stack, to.stackBytes);
    cuda_host_switch(&from.stackPointer, to.stackPointer);
    __sanitizer_finish_switch_fiber(from.sanitizerState, nullptr, nullptr);
}

// A fiber never returns from its entry: the red zones of its last frames stay behind.
static void forgetFrames(Fiber& fiber) { __asan_unpoison_memory_region(fiber.stack, fiber.stackBytes); }
#else
void enterFiber() {}
void switchFiber(Fiber& from, Fiber& to, bool) { cuda_host_switch(&from.stackPointer, to.stackPointer); }
static void forgetFrames(Fiber&) {}
#endif

static const uint64_t canary = 0x7e3a91c5d204b86full;

void prepareFiber(Fiber& fiber, void (*entry)()) {
    forgetFrames(fiber);
    memcpy(fiber.stack, &canary, sizeof canary);
    uintptr_t top = (reinterpret_cast<uintptr_t>(fiber.stack) + fiber.stackBytes) & ~uintptr_t(15);
#if defined(__x86_64__)
    // After the `ret` into entry the stack pointer must be 8 beyond a multiple of 16, as after a call.
    void** words = reinterpret_cast<void**>(top - 16) - savedWords;
    for (size_t i = 0; i < savedWords; i++) words[i] = nullptr;
    words[savedWords] = reinterpret_cast<void*>(entry);
    words[savedWords + 1] = nullptr;
#else
    void** words = reinterpret_cast<void**>(top - 160);
    for (size_t i = 0; i < 20; i++) words[i] = nullptr;
    words[11] = reinterpret_cast<void*>(entry);
#endif
    fiber.stackPointer = words;
    fiber.sanitizerState = nullptr;
}

bool stackIntact(const Fiber& fiber) { return memcmp(fiber.stack, &canary, sizeof canary) == 0; }

bool StackArena::reserve(size_t count) {
    if (count * stackBytes <= bytes) return true;
    if (base != nullptr) munmap(base, bytes);
    bytes = 0;
    void* mapping = mmap(nullptr, count * stackBytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    base = mapping == MAP_FAILED ? nullptr : static_cast<unsigned char*>(mapping);
    if (base == nullptr) return false;
    bytes = count * stackBytes;
    return true;
}

StackArena::~StackArena() {
    if (base != nullptr) munmap(base, bytes);
}

}  // namespace cuda_host
